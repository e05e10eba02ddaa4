import type { DeadlineRecord } from '../../src/dag/deadline-plan.js';
import { formatDuration } from '../../src/dag/duration.js';
import { formatInstant } from '../../src/dag/instant.js';
import { markdownText } from '../../src/dag/markdown-text.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { HookRecord } from '../../src/dag/state.js';
import { TASK_TYPES } from '../../src/dag/task-type.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunHead } from '../contract.js';
import type { RunLedger } from './run-ledger.js';
import {
  type Known,
  progressOf,
  whatCame,
  whatIsAsked,
  whatItWaitsFor,
  whyCancelled,
  whyNotRun,
  whySkipped,
} from './task-reasons.js';

/** Lines of one list in the Web UI; the rest is counted. */
const SHOWN = 20;
const LINE_CHARS = 300;

/** The Web UI gives this text less height than it takes: a line of nothing keeps the last one readable. */
const LAST_LINE = '\u00a0';

/**
 * The state of the run as Markdown for the Web UI: what failed and why, what runs, what waits for what, what was skipped and why, what is
 * done. Lists, since its tables are young.
 */
export function runDetails(head: RunHead, ledger: RunLedger, plan: DagPlan, walk: Walk): string {
  const { counts, failure, notice } = head;
  const known: Known = { plan, walk, ledger };
  const paragraphs = [[`**${head.state}**`, ...Object.entries(counts).map(([state, n]) => `${n} ${state}`)].join(' · ')];
  if (failure !== undefined && failure.kind !== 'tasks') paragraphs.push(markdownText(failure.message, 2 * LINE_CHARS));
  if (notice !== undefined) paragraphs.push(markdownText(notice));

  const tell = (
    title: string,
    tasks: readonly number[],
    total: number | undefined,
    about: (task: number) => string | undefined = () => undefined,
  ): void => {
    if (tasks.length === 0) return;
    const items = tasks.slice(0, SHOWN).map((task) => item(plan.tasks[task]!.id, about(task)));
    const rest = (total ?? tasks.length) - items.length;
    // The blank line between title and list is what makes the Web UI see a list.
    paragraphs.push(`**${title}**`, (rest > 0 ? [...items, `- … and ${rest} more`] : items).join('\n'));
  };
  const all = walk.running();
  const waiting = all.filter((task) => TASK_TYPES[plan.tasks[task]!.type].carriedOutBy === 'wait');
  const running = waiting.length === 0 ? all : all.filter((task) => !waiting.includes(task));
  const stuck = running.filter((task) => ledger.recordOf(task)?.notice !== undefined);
  tell('Failed', walk.first('failed', SHOWN), counts.failed, (task) => {
    const why = ledger.recordOf(task)?.failure?.message;
    return plan.tasks[task]!.allowFailure === true ? `allowed to fail; ${why ?? 'no reason given'}` : why;
  });
  const asking = waiting.filter((task) => plan.tasks[task]!.approval !== undefined);
  tell('Waiting for approval', asking, asking.length, (task) => whatIsAsked(known, task));
  const other = waiting.filter((task) => plan.tasks[task]!.approval === undefined);
  tell('Waiting', other, other.length, (task) => ledger.recordOf(task)?.notice ?? waitFor(plan.tasks[task]!));
  tell('Waiting for a worker', stuck, stuck.length, (task) => ledger.recordOf(task)?.notice);
  tell(
    'Running',
    stuck.length === 0 ? running : running.filter((task) => !stuck.includes(task)),
    running.length - stuck.length,
    (task) => {
      const map = ledger.recordOf(task)?.map;
      return map && progressOf(map);
    },
  );
  const behind = new Set(plan.tasks.flatMap(({ past }, task) => (past !== undefined && isHeldBack(known, task) ? [task] : [])));
  tell('Waiting for the run before', [...behind], behind.size, (task) => ledger.recordOf(task)?.notice);
  const placeless = walk.first('queued', SHOWN + behind.size).filter((task) => !behind.has(task));
  tell('Waiting for a free place', placeless, (counts.queued ?? 0) - behind.size);
  tell('Waiting for other tasks', walk.first('pending', SHOWN), counts.pending, (task) => whatItWaitsFor(known, task));
  tell('Not run, since a task before it failed', walk.first('upstream_failed', SHOWN), counts.upstream_failed, (task) =>
    whyNotRun(known, task),
  );
  tell('Skipped', walk.first('skipped', SHOWN), counts.skipped, (task) => whySkipped(known, task));
  tell('Cancelled', walk.first('cancelled', SHOWN), counts.cancelled, (task) => whyCancelled(known, task));
  tell('Done', walk.first('success', SHOWN), counts.success, (task) => whatCame(known, task));
  const late = (head.deadlines ?? []).filter(({ state }) => state === 'missed' || state === 'predicted');
  if (late.length > 0) paragraphs.push('**Deadlines**', late.slice(0, SHOWN).map(deadlineItem).join('\n'));
  if (head.hooks !== undefined) paragraphs.push('**Hooks**', head.hooks.map(hookItem).join('\n'));
  return [...paragraphs, LAST_LINE].join('\n\n');
}

/** It is ready, and waits for its past: which it says. */
function isHeldBack({ walk, ledger }: Known, task: number): boolean {
  return walk.stateOf(task) === 'queued' && ledger.recordOf(task)?.notice !== undefined;
}

function deadlineItem({ task = 'the run', state, dueAt = 0, expectedAt = 0, because }: DeadlineRecord): string {
  const due = formatInstant(dueAt) ?? '';
  if (state === 'missed') return item(task, `was to be done by ${due}`);
  return item(
    task,
    `is to be done by ${due}, will be by ${formatInstant(expectedAt) ?? ''}${because === undefined ? '' : `, mostly because of ${because}`}`,
  );
}

function hookItem({ hook, index, state, failure }: HookRecord): string {
  const name = index === undefined ? hook : `${hook} ${index + 1}`;
  return item(name, failure === undefined ? state : `${state}: ${failure.message}`);
}

/** What a polled wait looks at; how its polls went is told by Temporal. */
function waitFor({ wait }: TaskPlan): string | undefined {
  const polled = { file: 'for the file', http: 'for an answer of', sql: 'for the condition' };
  return (
    wait?.poll && `${polled[wait.poll.what]} ${wait.poll.about}, looked at every ${formatDuration(wait.poll.pace.everyMs)}`
  );
}

function item(taskId: string, about: string | undefined): string {
  return about === undefined ? `- ${markdownText(taskId)}` : `- ${markdownText(taskId)}: ${markdownText(about, LINE_CHARS)}`;
}
