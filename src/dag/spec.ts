/**
 * The language as data: a spec whose SHAPE has been checked (by the DTOs of `src/spec`), and nothing else yet. Its
 * meaning is checked by `validate`, which alone makes a {@link ValidDag}; only that can be compiled and run.
 */
import type { DeadlineBehavior, DeadlineReference } from './deadline-plan.js';
import type { Json, JsonObject } from './json.js';
import type { TaskType } from './task-type.js';
import type { OnTimeout } from './wait-plan.js';

/** `90s`, `5m`, `1h30m`, `2d` or ISO-8601 without years, months, weeks (R24). Parsed by `duration.ts`. */
export type DurationText = string;

/** What an edge waits for (R6). */
export const EDGE_CONDITIONS = ['success', 'completion', 'failure', 'skipped'] as const;
export type EdgeCondition = (typeof EDGE_CONDITIONS)[number];

export interface DependencySpec {
  readonly task: string;
  readonly on?: EdgeCondition | readonly EdgeCondition[];
}

/** Airflow's names, literally: people search for them. */
export const TRIGGER_RULES = [
  'all_success',
  'all_failed',
  'all_done',
  'all_done_min_one_success',
  'all_skipped',
  'one_failed',
  'one_success',
  'one_done',
  'none_failed',
  'none_failed_min_one_success',
  'none_skipped',
  'always',
] as const;
export type TriggerRule = (typeof TRIGGER_RULES)[number];

/** What a rule of `retry.rules` does with a failed attempt. */
export const RETRY_ACTIONS = ['retry', 'fail', 'skip'] as const;
export type RetryAction = (typeof RETRY_ACTIONS)[number];

/** One rule of `retry.rules` (R20): all conditions that it has must hold, of a list one; a rule without any always holds. */
export interface RetryRuleSpec {
  /** Types of errors, as the failure shows them. */
  readonly error?: string | readonly string[];
  /** RE2 pattern that some part of the message matches. */
  readonly message?: string;
  /** HTTP statuses: `404`, `5xx`, `500-503`. */
  readonly status?: number | string | readonly (number | string)[];
  /** Exit codes of programs: `75`, `64-78`. */
  readonly exitCode?: number | string | readonly (number | string)[];
  readonly kind?: string | readonly string[];
  /** May be absent where `wait` is given: retry. */
  readonly action?: RetryAction;
  /** Before the next attempt, instead of the interval. */
  readonly wait?: DurationText;
}

/** R20. Counts are of all attempts; intervals are durations. */
export interface RetrySpec {
  readonly maxAttempts?: number | null;
  readonly infraAttempts?: number | null;
  readonly interval?: DurationText | null;
  readonly multiplier?: number | null;
  readonly maxInterval?: DurationText | null;
  readonly jitter?: number | null;
  readonly totalTimeout?: DurationText | null;
  readonly nonRetryableErrors?: readonly string[] | null;
  readonly rules?: readonly RetryRuleSpec[] | null;
}

/** Skips work that was done: the output of an earlier success of this task with the same key is taken over. */
export interface CacheSpec {
  /** A value with expressions. Default: type and rendered input. */
  readonly key?: string;
  /** Results older than this are not taken. Default: as long as they are kept. */
  readonly ttl?: DurationText;
  /** Part of the key: another one makes all earlier results worthless. */
  readonly version?: string | number;
}

/** Hooks of a DAG: after its tasks, one of the first three, then `exit` (R12). */
export const DAG_HOOKS = ['success', 'failure', 'cancel', 'exit'] as const;
export type DagHook = (typeof DAG_HOOKS)[number];

/** Hooks of a task: when it has ended one way or the other, and between two of its attempts. */
export const TASK_HOOKS = ['success', 'failure', 'retry'] as const;
export type TaskHook = (typeof TASK_HOOKS)[number];

/**
 * The body of a task without dependencies, carried out by an activity (R12). Between attempts (`retry`) it has only the first five
 * fields: it is tried once, in place.
 */
export interface HookSpec {
  readonly type: TaskType;
  readonly description?: string;
  readonly with?: JsonObject;
  readonly when?: string | boolean;
  /** At most 5m, which is also the default. */
  readonly timeout?: DurationText | null;
  readonly retry?: RetrySpec | null;
  readonly queueTimeout?: DurationText | null;
  readonly heartbeatTimeout?: DurationText | null;
  readonly queue?: string | null;
  readonly priority?: number | null;
}

/** One body or several, which follow each other. */
export type HooksSpec<Name extends string = DagHook> = { readonly [name in Name]?: HookSpec | readonly HookSpec[] };

/** `cpu`, `memory`, `storage` and named ones: a number, a size, or a text with expressions; `null` takes a default back (R21). */
export type ResourcesSpec = { readonly [name: string]: number | string | null };

/** Fields that `defaults` may give to every task (R21); `null` restores the built-in. */
export interface TaskDefaults {
  readonly triggerRule?: TriggerRule | null;
  readonly retry?: RetrySpec | null;
  readonly timeout?: DurationText | null;
  /** Of waits and approvals (R19). */
  readonly onTimeout?: OnTimeout | null;
  readonly queueTimeout?: DurationText | null;
  readonly heartbeatTimeout?: DurationText | null;
  readonly queue?: string | null;
  readonly priority?: number | null;
  readonly outputSchema?: JsonObject | boolean | null;
  readonly cache?: CacheSpec | null;
  readonly hooks?: HooksSpec<TaskHook> | null;
  readonly resources?: ResourcesSpec | null;
  readonly mapKey?: string | null;
  readonly itemBatchSize?: number | null;
  readonly maxMapLength?: number | null;
  /** A number or one expression. */
  readonly maxConcurrency?: number | string | null;
  readonly toleratedFailurePercentage?: number | null;
  readonly toleratedFailureCount?: number | null;
  readonly stopOnFirstFailure?: boolean | null;
  readonly allowFailure?: boolean | null;
  /** true = waits for its like in the run before this one; of a task also ids of tasks of that run (R26). */
  readonly dependsOnPast?: boolean | readonly string[] | null;
}

/** Enough upstream tasks that are a success (R6). */
export interface QuorumSpec {
  /** A number of edges, or their share: `"90%"`. */
  readonly minSuccess: number | string;
  readonly eager?: boolean;
  readonly cancelOthers?: boolean;
}

/** When a run, or a task of it, is to be done (R27). */
export interface DeadlineSpec {
  readonly reference: DeadlineReference;
  /** After the reference; may be absent with `fixed`. */
  readonly interval?: DurationText;
  /** fixed: an instant, or a text with expressions. */
  readonly at?: string;
  /** Default: alert. */
  readonly behavior?: DeadlineBehavior;
  /** What is done when it is missed, and before, when it will be. */
  readonly hook?: HookSpec;
}

export interface TaskSpec extends TaskDefaults {
  readonly type: TaskType;
  readonly description?: string;
  readonly with?: JsonObject;
  readonly dependsOn?: readonly (string | DependencySpec)[];
  readonly when?: string | boolean;
  /** Key to a list, a map or one expression (R10). */
  readonly expand?: JsonObject;
  readonly zip?: JsonObject;
  readonly zipFill?: Json;
  /** A quorum, or an expression over states of upstream tasks. */
  readonly join?: QuorumSpec | string;
  readonly setup?: boolean;
  readonly deadlines?: readonly DeadlineSpec[];
  /** Ids of its setups; `true` = of those in `dependsOn`, or of the whole DAG (R11). */
  readonly teardown?: readonly string[] | boolean;
}

/** `with` of a task of type dag whose SubDAG is written in place (R9). */
export interface InlineDagSpec {
  readonly params?: JsonObject | string;
  readonly tasks: { readonly [id: string]: TaskSpec };
  readonly outputs?: { readonly [name: string]: Json };
  readonly maxActiveTasks?: number;
  readonly failFast?: boolean;
}

/** The SubDAG that a task has written in place; undefined where it names one, or is of another type. */
export function inlineDag(task: TaskSpec): InlineDagSpec | undefined {
  return task.type === 'dag' && task.with?.tasks !== undefined ? (task.with as unknown as InlineDagSpec) : undefined;
}

/** `with` of a branch, as far as its shape is right (R8). */
export interface BranchInput {
  readonly match?: 'first' | 'all';
  readonly cases: readonly { readonly when: string | boolean; readonly then: readonly string[] }[];
  readonly default?: readonly string[];
}

/** Whether a task is a teardown (R11). */
export const isTeardown = (task: TaskSpec | undefined): boolean => task?.teardown !== undefined && task.teardown !== false;

/** What becomes of a run that finds `maxActiveRuns` others at work. */
export const ON_RUN_LIMIT = ['queue', 'cancel_new', 'cancel_running', 'fail'] as const;
export type OnRunLimit = (typeof ON_RUN_LIMIT)[number];

/** What Temporal does with a time that comes while the run of an earlier one is open (R26). */
export const OVERLAP_POLICIES = ['allow_all', 'skip', 'buffer_one', 'buffer_all', 'cancel_other', 'terminate_other'] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

/** When runs start by themselves. */
export type ScheduleSpec =
  | string
  | { readonly cron: string | readonly string[]; readonly timezone?: string; readonly jitter?: DurationText }
  | { readonly every: DurationText; readonly offset?: DurationText; readonly jitter?: DurationText }
  | { readonly at: readonly string[]; readonly timezone?: string };

export interface DagSpec {
  readonly apiVersion?: 'v1';
  readonly id: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
  readonly schedule?: ScheduleSpec;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly timezone?: string;
  readonly catchup?: boolean;
  readonly maxActiveRuns?: number;
  readonly onRunLimit?: OnRunLimit;
  /** So many runs of the schedule that fail one after another pause the DAG. Default: it is never paused by itself. */
  readonly maxConsecutiveFailedRuns?: number;
  /** Times missed for longer than this are dropped. Default 1d. */
  readonly catchupWindow?: DurationText;
  /** Default `allow_all`. */
  readonly overlapPolicy?: OverlapPolicy;
  readonly maxActiveTasks?: number;
  readonly failFast?: boolean;
  readonly timeout?: DurationText;
  /** Name -> JSON Schema; no `default` = required (R21). */
  readonly params?: { readonly [name: string]: JsonObject };
  readonly defaults?: TaskDefaults;
  readonly hooks?: HooksSpec;
  readonly deadlines?: readonly DeadlineSpec[];
  /** Name -> expression, evaluated when the tasks have ended. */
  readonly outputs?: { readonly [name: string]: Json };
  readonly tasks: { readonly [id: string]: TaskSpec };
}

declare const valid: unique symbol;
/** A spec that may run: made by `validate` only. Carries the analysed graph, so that nobody analyses twice. */
export type ValidDag = DagSpec & { readonly [valid]: true };
