import type { ApprovalPlan } from './approval-plan.js';
import type { DeadlinePlan } from './deadline-plan.js';
import type { JoinTree } from './join.js';
import type { Json, JsonObject } from './json.js';
import type { MapPlan } from './map/map-plan.js';
import type { ResourcesPlan } from './resources.js';
import type { RetryRulePlan } from './retry-rule.js';
import type { DagHook, OnRunLimit, TaskHook, TriggerRule } from './spec.js';
import type { TaskType } from './task-type.js';
import type { TriggerPlan } from './trigger-plan.js';
import type { WaitPlan } from './wait-plan.js';

/**
 * A compiled DAG: all the walk needs, and nothing that only an activity needs (those are {@link TaskBody}s). Plain JSON,
 * so that it travels as a blob or inline. Tasks stand in topological order, ties by id, and are named by their index.
 */
export interface DagPlan {
  readonly format: 1;
  readonly dagId: string;
  /** Activities of this walk at the same time (R13). */
  readonly maxActiveTasks: number;
  readonly failFast: boolean;
  /** Runs of this DAG at the same time, however they are started. Default: see `activeRunsLimit`. */
  readonly maxActiveRuns?: number;
  /** Default: queue. */
  readonly onRunLimit?: OnRunLimit;
  /** The DAG is told how its scheduled runs end: so many that fail one after another pause it. Default: it need not know. */
  readonly maxConsecutiveFailedRuns?: number;
  /** Of the whole run, in ms (R19). */
  readonly timeoutMs?: number;
  /** `[name, template]`, evaluated at the end, in order of name (R21). */
  readonly outputs?: readonly (readonly [string, Json])[];
  /** Keys of the blobs that hold the bodies; {@link TaskPlan.body} is an index into this list. */
  readonly bodies: readonly string[];
  /** Keys of the plans of inline SubDAGs; {@link SubPlan.plan} is an index into this list. Default: none. */
  readonly subs?: readonly string[];
  /** JSON Schemas by name: what a run of this plan checks when it is a SubDAG. Default: none, so that it takes no params. */
  readonly params?: { readonly [name: string]: JsonObject };
  /** Of an inline SubDAG, whose params have no schemas. Default: false. */
  readonly anyParams?: true;
  readonly tasks: readonly TaskPlan[];
  /** In the order in which they would run; their ids are names, such as `hook exit`. Default: none. */
  readonly hooks?: readonly HookPlan[];
  /** Of the run and of its tasks (R27). Default: none. */
  readonly deadlines?: readonly DeadlinePlan[];
}

/** What is to be done when the tasks have ended (R12). */
export interface HookPlan {
  readonly on: DagHook;
  readonly task: TaskPlan;
}

/** Bits of {@link EdgePlan}: what an edge is satisfied by; several may be set (R6). */
export const ON_SUCCESS = 1;
export const ON_COMPLETION = 2;
export const ON_FAILURE = 4;
export const ON_SKIPPED = 8;

/** `[index of the upstream task, bits of ON_*]`; a bare number means `on: success`. */
export type EdgePlan = number | readonly [upstream: number, on: number];

/** Absent fields have the default that their comment names. */
export interface TaskPlan {
  readonly id: string;
  readonly type: TaskType;
  /** Default: none. */
  readonly upstream?: readonly EdgePlan[];
  /** Default: all_success. */
  readonly rule?: TriggerRule;
  /** Decides instead of a rule (R6). */
  readonly join?: JoinPlan;
  /** A failure counts as a success for whoever comes after, and fails nothing (R22). Default: false. */
  readonly allowFailure?: true;
  /** Makes something that a teardown takes away (R11). Default: false. */
  readonly setup?: true;
  /** Indexes of its setups, all of them among `upstream`; present, even if empty, = a teardown, whose rule is fixed (R11). */
  readonly teardown?: readonly number[];
  /** branch: what it chooses from (R8). */
  readonly branch?: BranchPlan;
  /** CEL source without `${{ }}`, or a literal; asked once, after the rule says run (R8). Default: true. */
  readonly when?: string | boolean;
  /** 1 first … 5 last. Default 3. */
  readonly priority?: number;
  /** transform: the template of its value, evaluated in the walk. */
  readonly value?: Json;
  /** Runs once for each item of a list. Default: once. */
  readonly map?: MapPlan;
  /** It starts when these tasks of the run before this one have succeeded or were skipped (`dependsOnPast`, R26). Default: at once. */
  readonly past?: readonly string[];
  /** What it is given of the machine (R14). Default: nothing is said. */
  readonly resources?: ResourcesPlan;
  /** Types carried out by an activity. */
  readonly activity?: ActivityPlan;
  /** wait. */
  readonly wait?: WaitPlan;
  /** trigger. */
  readonly trigger?: TriggerPlan;
  /** approval. */
  readonly approval?: ApprovalPlan;
  /** Types carried out by a child workflow. */
  readonly sub?: SubPlan;
  /** JSON Schema of the output, where the walk itself must check it (transform, foreign activities); else it is in the body. */
  readonly outputSchema?: Json;
  /**
   * What to do when it has ended, and between attempts of a SubDAG; their ids are names, such as `load hook failure`. Default: nothing.
   */
  readonly hooks?: { readonly [on in TaskHook]?: readonly TaskPlan[] };
  /** What the task's expressions name, `when` included. Default: nothing. */
  readonly needs?: NeedsPlan;
}

/** When a task may start, other than by a rule (R6): enough edges that are a success, or an expression over states. */
export type JoinPlan =
  | {
      readonly minSuccess: number;
      /** false = only once all upstream tasks have ended. Default: true. */
      readonly eager?: false;
      /** Tasks that nobody waits for any more once this one may start (`cancelOthers`): cancelled where they have not ended. */
      readonly losers?: readonly number[];
    }
  | {
      readonly expression: JoinTree<number>;
      /** It can only be true where something failed: such a task takes no responsibility for its upstream (R7). */
      readonly notifier?: true;
    };

/** Cases of a branch, asked in order (R8). Tasks are indexes. */
export interface BranchPlan {
  readonly match: 'first' | 'all';
  readonly cases: readonly BranchCasePlan[];
  /** Chosen when no case is met. Default: nothing, so that all are skipped. */
  readonly otherwise?: readonly number[];
  /** `[target, direct downstream tasks of the branch that also come after that target]`: choosing the one spares the others. */
  readonly spares?: readonly (readonly [target: number, spared: readonly number[]])[];
}

export interface BranchCasePlan {
  /** CEL source without `${{ }}`, or a literal. */
  readonly when: string | boolean;
  readonly targets: readonly number[];
}

/** What expressions name, so that only that is sent: parameters, the `run` object, outputs of upstream tasks. */
export interface NeedsPlan {
  /** Names of params; `true` = the whole object. */
  readonly params?: true | readonly string[];
  readonly run?: true;
  /** Indexes of tasks whose state or output is named. */
  readonly tasks?: readonly number[];
  /** Those of them whose `items` are named. */
  readonly items?: readonly number[];
}

export interface ActivityPlan {
  /** Temporal activity type: the task type (`http`), or for type `activity` the name that the author gave. */
  readonly name: string;
  /** Temporal task queue; absent = the run's own. */
  readonly queue?: string;
  /** Another language's or another team's worker: gets plain arguments, no envelope (R14, R20). */
  readonly foreign?: { readonly args: readonly Json[] };
  /** Index into {@link DagPlan.bodies}; the entry is found by task id. Absent for foreign activities. */
  readonly body?: number;
  /** Per attempt, ms. */
  readonly timeoutMs: number;
  readonly queueTimeoutMs?: number;
  /** ms; absent = none (foreign without a declared one). */
  readonly heartbeatTimeoutMs?: number;
  /** What its hooks between attempts may add to an attempt, ms: those after a lost one, and those after itself. Default: nothing. */
  readonly retryHooksMs?: number;
  readonly retry: RetryPlan;
}

/** A SubDAG: inline (`plan`) or by reference (`dag`). */
export interface SubPlan {
  /** Index into {@link DagPlan.subs}. */
  readonly plan?: number;
  readonly dag?: string;
  /** Absent = the latest when the root run starts. */
  readonly version?: number;
  /** Template of what it is given, evaluated in the walk. Default: nothing. */
  readonly params?: Json;
  /** Of each attempt, in ms. Default: none (R19). */
  readonly timeoutMs?: number;
  /** Default: one attempt. */
  readonly retry?: SubRetryPlan;
}

/** Further attempts of a SubDAG keep what succeeded; the waits are timers of the walk. */
export type SubRetryPlan = Pick<RetryPlan, 'maxAttempts' | 'intervalMs' | 'multiplier' | 'maxIntervalMs' | 'jitter'>;

/** Defaults are filled in by the compiler (R20). Intervals in ms. */
export interface RetryPlan {
  readonly maxAttempts: number;
  readonly infraAttempts: number;
  readonly intervalMs: number;
  readonly multiplier: number;
  readonly maxIntervalMs: number;
  /** 0 … 1: each wait is lengthened by a random share of itself, up to this. */
  readonly jitter: number;
  readonly totalTimeoutMs?: number;
  readonly nonRetryableErrors?: readonly string[];
  /** In bodies only: the worker applies them. */
  readonly rules?: readonly RetryRulePlan[];
}

/** `cache` of a task, as its activity applies it. */
export interface CachePlan {
  /** Whose results these are: id of the DAG that holds the task. */
  readonly dag: string;
  /** Template of the key; absent = type and rendered input. */
  readonly key?: string;
  readonly ttlMs?: number;
  readonly version?: string;
}

/** What the activity needs of its task and the walk does not: read by reference, cached by content. */
export interface TaskBody {
  readonly type: TaskType;
  readonly with: Json;
  readonly outputSchema?: Json;
  readonly timeoutMs: number;
  readonly retry: RetryPlan;
  readonly cache?: CachePlan;
  /** What to do after an attempt that failed and is repeated, in order. Default: nothing. */
  readonly retryHooks?: readonly RetryHookBody[];
}

/** A hook that the activity of its task carries out, between two attempts (R12). */
export interface RetryHookBody {
  /** `load hook retry`, in a list `load hook retry 2`. */
  readonly name: string;
  readonly type: TaskType;
  readonly with: Json;
  /** CEL source without `${{ }}`, or a literal. Default: true. */
  readonly when?: string | boolean;
  readonly timeoutMs: number;
}

/** One bodies blob: task id -> body. Use `Object.hasOwn`: ids like `constructor` are allowed. */
export type BodiesBlob = { readonly [taskId: string]: TaskBody };
