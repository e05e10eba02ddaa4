import type { DagPlan } from './plan.js';
import type { TaskState } from './state.js';
import { edgeUpstream } from './walk-layout.js';

/** What a forecast is made of. Times are epoch ms, durations ms; tasks are indexes. */
export interface ForecastInput {
  readonly plan: Pick<DagPlan, 'tasks'>;
  /** How long a task usually takes; 0 where nobody knows. */
  readonly usual: (task: number) => number;
  readonly stateOf: (task: number) => TaskState;
  /** When a running task began. */
  readonly startedAt: (task: number) => number | undefined;
  readonly now: number;
}

/** When things end at the earliest, if tasks take as long as they usually do and none has to wait for a place. */
export interface Forecast {
  endOf(task: number): number;
  /** Of the whole run. */
  readonly end: number;
  /** The task that the end of this one, or of the run, is mostly due to; undefined where all before it is over. */
  because(task?: number): number | undefined;
}

const UNDER_WAY: ReadonlySet<TaskState> = new Set<TaskState>(['pending', 'queued', 'running']);

/** Follows the longest way through what is still to be done. Tasks stand in topological order. O(tasks + edges). */
export function forecast({ plan, usual, stateOf, startedAt, now }: ForecastInput): Forecast {
  const { tasks } = plan;
  const ends = new Float64Array(tasks.length);
  /** The one of its upstream tasks that each waits for the longest; -1 = none. */
  const longest = new Int32Array(tasks.length).fill(-1);
  let last = -1;
  for (let i = 0; i < tasks.length; i++) {
    const state = stateOf(i);
    if (!UNDER_WAY.has(state)) {
      ends[i] = now;
      continue;
    }
    let begins = now;
    for (const edge of tasks[i]!.upstream ?? []) {
      const before = edgeUpstream(edge);
      if (!UNDER_WAY.has(stateOf(before)) || ends[before]! < begins || (longest[i]! >= 0 && ends[before] === begins)) continue;
      begins = ends[before]!;
      longest[i] = before;
    }
    const began = state === 'running' ? (startedAt(i) ?? now) : begins;
    ends[i] = Math.max(now, began + usual(i));
    if (last < 0 || ends[i]! > ends[last]!) last = i;
  }
  return {
    endOf: (task) => ends[task]!,
    end: last < 0 ? now : ends[last]!,
    because: (task = last) => (task < 0 || !UNDER_WAY.has(stateOf(task)) ? undefined : mostly(task)),
  };

  /** Of the way to a task: what takes the longest, or has already taken that much longer than it usually does. */
  function mostly(task: number): number {
    let found = task;
    let most = -1;
    for (let at = task; at >= 0; at = longest[at]!) {
      const over = stateOf(at) === 'running' ? now - (startedAt(at) ?? now) - usual(at) : 0;
      const weight = Math.max(over, ends[at]! - Math.max(now, longest[at]! < 0 ? now : ends[longest[at]!]!));
      if (weight <= most) continue;
      most = weight;
      found = at;
    }
    return found;
  }
}
