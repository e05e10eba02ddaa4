import type { ScriptedTask, ScriptedWork } from '../../../src/dag/simulate.js';
import { type DagSpec, inlineDag, type TaskSpec } from '../../../src/dag/spec.js';
import { type Dice, diceFor } from './dice.js';

/** Longer than any timeout of random tasks: the other durations are shorter than all. */
export const LATE = 5_000;
/** Of work in time, in virtual ms: often equal, so that ties occur. */
const LONGEST = 12;

/** What tasks do by their paths, made up as they are asked for. Hooks are asked by their names. */
export function randomScript(
  seed: number,
  spec: DagSpec,
  dags: { readonly [id: string]: DagSpec },
): (path: string) => ScriptedTask {
  return (path) => {
    const dice = diceFor(seed, path);
    const task = taskAt(path, spec, dags);
    if (task === undefined) return work(dice, 15);
    return {
      ...work(dice, task.setup === true ? 8 : 14),
      ...(typeof task.when === 'string' ? { when: dice.pick([true, true, false, 'error'] as const) } : {}),
      ...(task.type === 'branch' ? { cases: Array.from({ length: 3 }, () => answer(dice)) } : {}),
      ...(task.type === 'approval' ? approval(dice, task) : {}),
      ...(task.type === 'wait' ? wait(dice, task) : {}),
      ...items(dice, task),
    };
  };
}

function work(dice: Dice, failing: number): ScriptedWork {
  const late = dice.chance(3);
  const fate = dice.int(100);
  const state = fate < failing ? 'failed' : fate < failing + 4 ? 'skipped' : fate < failing + 7 ? 'cancelled' : 'success';
  return {
    ...(state === 'success' ? {} : { state }),
    ...(dice.chance(15) ? { failures: 1 + dice.int(3) } : {}),
    durationMs: late ? LATE : dice.int(LONGEST),
  };
}

const answer = (dice: Dice): boolean | 'error' => (dice.chance(4) ? 'error' : dice.chance(50));

/**
 * Decisions whose last one is the same however often the approval is asked: no, so often as it may go back and then yes, or never
 * anything but no.
 */
function approval(dice: Dice, { with: input }: TaskSpec): ScriptedTask {
  const most = input?.['rewindTo'] === undefined ? 0 : (input['maxRewinds'] as number);
  const no = Array.from({ length: dice.int(most + 1) }, () => 'reject' as const);
  const fate = dice.int(10);
  return { decisions: fate === 0 ? [] : fate < 3 ? ['reject'] : [...no, 'approve'] };
}

function wait(dice: Dice, { with: input }: TaskSpec): ScriptedTask {
  // One whose duration is written out ends by itself.
  return { durationMs: input?.['duration'] === undefined ? (dice.chance(15) ? LATE : dice.int(LONGEST)) : undefined };
}

function items(dice: Dice, task: TaskSpec): ScriptedTask {
  const { expand, zip } = task;
  if (expand === undefined && zip === undefined) return {};
  const writtenOut = !Object.values(expand ?? {}).some((source) => typeof source === 'string');
  if (writtenOut && dice.chance(30)) return {};
  if (!writtenOut && dice.chance(8)) return { items: 'error' };
  return { items: Array.from({ length: dice.int(6) }, () => work(dice, 20)) };
}

/** The task that a path names; undefined for hooks, and for what is not known. */
function taskAt(path: string, spec: DagSpec, dags: { readonly [id: string]: DagSpec }): TaskSpec | undefined {
  let tasks: { readonly [id: string]: TaskSpec } | undefined = spec.tasks;
  let task: TaskSpec | undefined;
  for (const step of path.split('/')) {
    task = tasks?.[step.replace(/[[#].*/, '')];
    if (task?.type !== 'dag') tasks = undefined;
    else tasks = inlineDag(task)?.tasks ?? dags[task.with?.['dag'] as string]?.tasks;
  }
  return task;
}
