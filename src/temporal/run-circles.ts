import type { TaskRecord } from '../../workflows/contract.js';
import type { DagPlan } from '../dag/plan.js';
import { edgeUpstream } from '../dag/walk-layout.js';
import { readJson } from '../objects/json-blob.js';
import type { ObjectStore } from '../objects/object-store.js';
import { formatInstant } from '../time/instant.js';
import type { RunGateway } from './run-gateway.js';

/** Runs that are asked what they wait for, at most, one after the other along a chain. */
const MAX_RUNS = 50;
/** Waits of one run that are looked at. */
const MAX_WAITS = 200;

/** A run, or the one task of it that matters. */
export interface AwaitedPart {
  readonly runId: string;
  readonly task?: string;
}

/**
 * Whether an open run waits, over any number of others, for the task that is about to wait for it: then none of them could ever end. The
 * ids of the runs on the way, the waiting one at both ends; undefined where that is not so, or not to be seen (no worker answers).
 */
export async function runCircle(
  gateways: { readonly runs: RunGateway; readonly store: ObjectStore },
  waiting: AwaitedPart & { readonly task: string },
  awaited: AwaitedPart,
): Promise<readonly string[] | undefined> {
  const seen = new Set<string>();
  const stack: { readonly part: AwaitedPart; readonly trail: readonly string[] }[] = [
    { part: awaited, trail: [waiting.runId] },
  ];
  for (let next = stack.pop(); next !== undefined && seen.size < MAX_RUNS; next = stack.pop()) {
    const { part, trail } = next;
    const key = `${part.runId} ${part.task ?? ''}`;
    if (seen.has(key)) continue;
    seen.add(key);
    for (const behind of await waitsBehind(gateways, part)) {
      const path = [...trail, part.runId];
      if (behind.runId === waiting.runId) {
        const plan = await planOf(gateways, waiting.runId);
        if (plan !== undefined && leadsTo(plan, waiting.task, behind.task)) return [...path, waiting.runId];
      } else stack.push({ part: behind, trail: path });
    }
  }
  return undefined;
}

/** What the part of an open run waits for in other runs. */
async function waitsBehind(
  gateways: { readonly runs: RunGateway; readonly store: ObjectStore },
  { runId, task }: AwaitedPart,
): Promise<AwaitedPart[]> {
  const page = await gateways.runs.tasks(runId, { state: 'running', limit: MAX_WAITS });
  const waits = (page?.tasks ?? []).filter(({ waiting }) => waiting?.run !== undefined);
  const plan = waits.length === 0 ? undefined : await planOf(gateways, runId);
  if (plan === undefined) return [];
  return waits.flatMap((record) => {
    const found = runOf(record);
    if (found === undefined || !leadsTo(plan, record.taskId, task)) return [];
    const part = plan.tasks.find(({ id }) => id === record.taskId)?.wait?.run?.task;
    return [{ runId: found, ...(part === undefined ? {} : { task: part }) }];
  });
}

/** The run that a wait is for, where it is known which one. */
function runOf({ waiting }: TaskRecord): string | undefined {
  const run = waiting?.run;
  if (waiting?.found !== undefined) return waiting.found;
  return run?.by === 'date' ? `${run.dagId}-${formatInstant(run.date)}` : undefined;
}

async function planOf(
  { runs, store }: { readonly runs: RunGateway; readonly store: ObjectStore },
  runId: string,
): Promise<DagPlan | undefined> {
  const key = await runs.planKey(runId);
  return key === undefined ? undefined : readJson<DagPlan>(store, key);
}

/** Whether a task has to end before another one can, or before the whole run can. */
function leadsTo({ tasks }: DagPlan, task: string, other: string | undefined): boolean {
  if (other === undefined || other === task) return true;
  const index = new Map(tasks.map(({ id }, i) => [id, i]));
  const from = index.get(task);
  const stack = [index.get(other)];
  const seen = new Set(stack);
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at === from) return true;
    for (const edge of tasks[at]!.upstream ?? []) {
      const before = edgeUpstream(edge);
      if (seen.has(before)) continue;
      seen.add(before);
      stack.push(before);
    }
  }
  return false;
}
