import type { TaskState } from '../state.js';
import type { WalkStates } from '../walk-states.js';

/** What the attempts of a task, of an item of a map or of a hook would do. */
export interface ScriptedWork {
  /**
   * How it ends, for good. Default: success. `skipped` = a rule of `retry.rules` says so, `cancelled` = somebody else has
   * ended it.
   */
  readonly state?: 'success' | 'failed' | 'skipped' | 'cancelled';
  /**
   * Virtual milliseconds that an attempt takes; default 0. Longer than its `timeout` is a failure at that moment. Of things that end
   * at the same time the one started first ends first.
   */
  readonly durationMs?: number;
  /** So many attempts fail before one ends as `state` says: as many as `retry` allows are made. Default: 0. */
  readonly failures?: number;
}

/** What a task would do if it ran. What its type has no use for means nothing. */
export interface ScriptedTask extends ScriptedWork {
  /** What `when` says, where that is an expression. Default: true. `error` = it cannot be evaluated, which fails the task. */
  readonly when?: boolean | 'error';
  /**
   * The items of a map, in order. Default: successes, as many as its lists make where they are written out, else none.
   * `error` = there is no list. What items of SubDAGs do, their tasks are asked.
   */
  readonly items?: readonly ScriptedWork[] | 'error';
  /** What the conditions of a branch say, case by case, where they are expressions. Default: true. `error` fails the branch. */
  readonly cases?: readonly (boolean | 'error')[];
  /** Ids of the tasks that a branch chooses, instead of `cases`. */
  readonly chosen?: readonly string[];
  /**
   * What is decided about an approval each time it asks, `durationMs` later; the last one for all further times. Nobody decides
   * where the list is empty. Default: approve.
   */
  readonly decisions?: readonly ('approve' | 'reject')[];
}

/**
 * What each task would do, by its path: `load`, in a SubDAG `etl/load`, in an item of a map `etl[3]/load`, from the second attempt
 * of a SubDAG on `etl#2/load`; hooks by their names, `hook exit`, `etl/load hook failure`. Must give the same answer each time.
 */
export type Script = (path: string) => ScriptedTask;

/** What a run goes on from: results that are kept, what the branches among them have chosen, items of maps that begin again. */
export interface KeptRun {
  readonly states: WalkStates;
  readonly chosen: (branch: number) => readonly number[] | undefined;
  /** How the items of a map had ended of which those that succeeded are kept. */
  readonly items: (task: number) => readonly TaskState[] | undefined;
}
