import { createHash } from 'node:crypto';
import type { RunFacts, RunMemo } from '../../workflows/contract.js';
import { firstNames } from '../dag/first-names.js';
import { markdownText } from '../dag/markdown-text.js';

/** Memo of a run in bytes: Temporal warns above 2 KiB; the rest is left to its encoding. */
const MEMO_BYTES = 1_900;
/** Of the names of the tasks that a run is for, in its memo … */
const MEMO_TASKS_CHARS = 300;
/** … and in the Web UI. */
const DETAILS_TASKS_CHARS = 2_000;
/** Temporal's limits, bytes. */
const SUMMARY_BYTES = 400;
const FAIRNESS_KEY_BYTES = 64;

/** What a run carries in its memo: its facts but the params; of the tasks that it is for the first few, and the note cut to fit. */
export function runMemo({ params: _, ...all }: RunFacts): RunMemo {
  const facts = all.onlyTasks === undefined ? all : { ...all, onlyTasks: firstNames(all.onlyTasks, MEMO_TASKS_CHARS) };
  const spare = MEMO_BYTES - Buffer.byteLength(JSON.stringify({ ...facts, note: '' }));
  if (facts.note === undefined) return facts;
  return { ...facts, note: cutBytes(facts.note, Math.max(0, spare)) };
}

/** One line for the Web UI's list and head. */
export function runSummary(run: RunFacts): string {
  return cutBytes(`${run.dagId} v${run.version} · ${run.dated ? run.scope.logicalDate : run.scope.trigger}`, SUMMARY_BYTES);
}

/** Markdown for the Web UI (lists, no tables). Whatever people wrote is shown as text. */
export function runDetails(run: RunFacts): string {
  const { scope } = run;
  return [
    `- **DAG** ${markdownText(run.dagId)}, version ${run.version}, execution ${run.execution}`,
    `- **Trigger** ${scope.trigger}${triggerText(run)}`,
    ...(run.dated
      ? [
          `- **Logical date** ${scope.logicalDate}`,
          `- **Data interval** ${scope.dataInterval.start} to ${scope.dataInterval.end}`,
        ]
      : ['- **Logical date** none: the run is not tied to a date']),
    ...(run.tags?.length ? [`- **Tags** ${run.tags.map((tag) => markdownText(tag)).join(', ')}`] : []),
    ...(run.onlyTasks
      ? [
          `- **Only** ${firstNames(run.onlyTasks, DETAILS_TASKS_CHARS)
            .map((task) => markdownText(task))
            .join(', ')}, and what they need`,
        ]
      : []),
    ...(run.note ? [`- **Note** ${markdownText(cutBytes(run.note, 4_096))}`] : []),
    // The Web UI gives this text less height than it takes: a line of nothing keeps the last one readable.
    '\n\u00a0',
  ].join('\n');
}

function triggerText({ identity, triggeredBy }: RunFacts): string {
  if (triggeredBy !== undefined) return `: task ${markdownText(triggeredBy.taskId)} of run ${markdownText(triggeredBy.runId)}`;
  return identity ? ` by ${markdownText(identity)}` : '';
}

/** Runs of one DAG share one place in a backlog; keys over Temporal's limit are hashed. */
export function fairnessKey(dagId: string): string {
  return Buffer.byteLength(dagId) <= FAIRNESS_KEY_BYTES ? dagId : createHash('sha256').update(dagId).digest('hex').slice(0, 32);
}

/** At most that many bytes of UTF-8, no character cut in two. */
export function cutBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  let end = Math.max(0, bytes - 3);
  while (end > 0 && (whole[end]! & 0xc0) === 0x80) end--;
  return bytes < 3 ? '' : `${whole.subarray(0, end).toString()}…`;
}
