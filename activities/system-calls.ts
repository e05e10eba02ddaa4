import type { ChildEnd } from '../src/dag/child-end.js';
import type { Json, JsonObject } from '../src/dag/json.js';
import type { DagPlan } from '../src/dag/plan.js';
import type { Scope } from '../src/dag/scope.js';
import type { BlobRef, OutputValue, TaskState } from '../src/dag/state.js';

/**
 * Activities that the workflows themselves need, run by Baton's own worker on the run's own queue (entities: on the
 * system queue). All are idempotent: writing the same blob twice is fine.
 */
export interface SystemActivities {
  /** Reads a plan blob. Fails non-retryably with type `BlobMissing` when it is gone. */
  loadPlan(input: { readonly planKey: string }): Promise<DagPlan>;
  /** Reads any JSON blob (a snapshot). Same failure. */
  loadJson(input: { readonly key: string }): Promise<Json>;
  /**
   * Writes any JSON blob; returns the reference. Used for snapshots, reports, lists of versions. Fails non-retryably with type
   * {@link OBJECT_CONFLICT} when the key holds something else, unless `replace`: what a run stores about itself may differ
   * after an operator's reset, and the last life counts.
   */
  storeJson(input: { readonly key: string; readonly value: Json; readonly replace?: boolean }): Promise<BlobRef>;
  /**
   * Evaluates a template whose scope names a stored value, with the same evaluator as the walk (R15, cap 64 MiB).
   * An expression that fails is a result, not an error. The value is stored when over `inlineLimit`.
   */
  evaluate(input: EvaluateInput): Promise<{ readonly output: OutputValue } | { readonly error: string }>;
  /** R3: does this run id exist already, in an execution other than this one? Used by scheduled starts. */
  runExists(input: { readonly runId: string; readonly dagId: string; readonly runKey: string }): Promise<boolean>;
  /** What became of children that were not heard of: an end, or null for one that goes on. In the order of `runIds`. */
  childEnds(input: { readonly runIds: readonly string[] }): Promise<readonly (ChildEnd | null)[]>;
  /** Whether this execution of a run is still open: a child whose parent is not has nobody to work for. */
  runIsOpen(input: { readonly runId: string; readonly execution: number }): Promise<boolean>;
  /** How many pollers a task queue has seen lately (DescribeTaskQueue); 0 = nobody works on it. */
  countPollers(input: { readonly queue: string }): Promise<number>;
  /** Deletes what belongs to closed runs of days older than the retention; returns how many runs (R3). */
  sweepRuns(input: { readonly before: string }): Promise<{ readonly deleted: number }>;
}

/** Type of the ApplicationFailure by which `storeJson` says that the key holds something else. */
export const OBJECT_CONFLICT = 'ObjectConflict';

export interface EvaluateInput {
  /** A template (`${{ }}` inside) or, with `expression: true`, one bare expression. */
  readonly template: Json;
  readonly expression?: boolean;
  readonly scope: Omit<Scope, 'tasks' | 'secrets'> & {
    readonly tasks?: { readonly [id: string]: { readonly state: TaskState; readonly output: OutputValue } };
  };
  readonly prefix: string;
  readonly name: string;
  readonly inlineLimit: number;
}

/** Gateways that activities get from outside (`createActivities(deps)`): they never import `src/temporal`. */
export interface TemporalPort {
  /** The one `exists` function (R3). */
  runExists(runId: string, dagId: string, runKey: string): Promise<boolean>;
  countPollers(queue: string): Promise<number>;
  /** How a child ended; undefined while it is open. One that nobody knows was ended from outside. */
  childEnd(runId: string): Promise<ChildEnd | undefined>;
  /** Whether that execution of a run is open (R4). */
  executionIsOpen(runId: string, execution: number): Promise<boolean>;
  /** State of a run for the sweep: still open (or unknown to us) means: keep. */
  isOpen(runId: string): Promise<boolean>;
}

export type { JsonObject };
