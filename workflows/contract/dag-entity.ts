import type { AwaitRun } from './awaiting.js';

/** Argument of `dagEntity`: what it goes on from, at continue-as-new or when a lost entity is revived from its blobs. */
export interface DagEntityInput {
  readonly dagId: string;
  readonly head?: DagHead;
  /** Newest first, at most {@link MAX_VERSION_HEADERS}. */
  readonly versions?: readonly VersionHeader[];
  /** Runs of the schedule that have failed since the last one that succeeded. Default: none. */
  readonly failures?: readonly string[];
  /** Who waits for runs of it to begin. Default: nobody. */
  readonly awaiting?: readonly AwaitRun[];
  /** The order, in one line, that its Temporal Schedule follows; absent = nothing is known of it. */
  readonly schedule?: string;
  /** Run whose place it has asked for, to make up for its date; absent = none. */
  readonly askedFor?: string;
  /** Pause between two looks at the Temporal Schedule, in ms. Default 10 minutes. */
  readonly scheduleCheckMs?: number;
  /** It goes on in a new execution from that length of its history on. Default: when Temporal suggests it. */
  readonly continueFromEvents?: number;
}

/** What a DAG's Temporal Schedule is to be, as the entity orders it. */
export interface ScheduleOrder {
  readonly dagId: string;
  /** Absent = there is to be none. */
  readonly wanted?: {
    /** Of the spec that says when; the Schedule is not touched while {@link timing} stays the same. */
    readonly specKey: string;
    /** Hash of the fields that say when. */
    readonly timing: string;
    /** Since when it is paused, epoch ms; absent = it is not. */
    readonly pausedAt?: number;
    readonly pausedBy?: string;
    /** Of a pause that nobody asked for. */
    readonly pausedWhy?: string;
  };
}

/** Where the list of a DAG's versions is written with each version: `versionsKey` of src/objects/keys.ts, which workflows cannot import. */
export const versionsBlobKey = (dagId: string, version: number): string =>
  `dags/${dagId}/versions/${String(version).padStart(8, '0')}.json`;

/** An entity keeps that many headers (R30). */
export const MAX_VERSION_HEADERS = 200;

/** Header of a stored version. Keys are object keys. */
export interface VersionHeader {
  readonly version: number;
  /** sha256 of the canonical JSON of the parsed spec, before defaults (R30); also the ETag. */
  readonly hash: string;
  readonly specKey: string;
  readonly planKey: string;
  /** Bytes of the plan as JSON: small ones travel inline. */
  readonly planBytes: number;
  readonly createdAt: number;
  readonly createdBy?: string;
}

/** What a DAG's memo holds (<= 2 KiB): all that a read or a start needs, without any worker (R28). */
export interface DagHead {
  readonly dagId: string;
  readonly latest: VersionHeader;
  readonly paused: boolean;
  readonly deleted?: boolean;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
  /** When it runs by itself; absent = never. */
  readonly schedule?: ScheduleHead;
  /** Somebody waits for a run of it to begin: runs that start now tell the entity. Default: false. */
  readonly awaited?: true;
  readonly updatedAt: number;
}

/** What a DAG's head says of its schedule. Times are epoch ms. */
export interface ScheduleHead {
  /** `pending`: the Temporal Schedule is not yet as it is to be. */
  readonly state: 'active' | 'paused' | 'pending';
  /** Hash of the fields of the spec that say when. */
  readonly timing: string;
  /** Since when these fields are as they are. */
  readonly since: number;
  /** The last pause: `to` is absent while it lasts, `by` where nobody says who it was, `why` where somebody has asked for it. */
  readonly pause?: { readonly from: number; readonly to?: number; readonly by?: string; readonly why?: string };
  /** Of a DAG with `catchup: true`. */
  readonly catchUp?: CatchUpHead;
}

/** How far a DAG is with the dates in its past that have no run. Times are epoch ms. */
export interface CatchUpHead {
  /** `stopped`: it cannot go on, until another version is stored. */
  readonly state: 'running' | 'done' | 'stopped';
  /** All dates before this one have been looked at; absent = none, it begins at `startDate`. */
  readonly from?: number;
  /** The last date of the past; absent = not known yet: from when the Temporal Schedule is in line on, that starts the runs. */
  readonly to?: number;
  /** Why it is stopped. */
  readonly problem?: string;
}

/** Asks for the runs of dates in the past that have none, oldest first, as many as there are places for. */
export interface CatchUpInput {
  readonly dagId: string;
  /** Of the version that says when. */
  readonly specKey: string;
  /** Of that version: a place is asked for with its limit. */
  readonly version: number;
  /** Dates before are done; absent = none is. Epoch ms. */
  readonly from?: number;
  /** The last date that counts, epoch ms. */
  readonly to: number;
  /** Workflow that hears of a place. */
  readonly reply: string;
}

/**
 * What became of that. `more`: it has done its share; `waiting`: for the place of the run `askedFor`; `done`: there are no more; `stopped`:
 * the DAG has lost what its runs need. `from`: where to go on, epoch ms.
 */
export type CatchUpStep =
  | { readonly state: 'more' | 'done'; readonly from: number }
  | { readonly state: 'waiting'; readonly from: number; readonly askedFor: string }
  | { readonly state: 'stopped'; readonly from: number; readonly problem: string };

/** Signal of a run to its DAG's entity, where the DAG counts failed runs. */
export const RUN_ENDED_SIGNAL = 'runEnded';

/** How a run of the schedule has ended. */
export interface RunEnded {
  readonly runId: string;
  readonly execution: number;
  readonly state: 'success' | 'failed';
  /** `maxConsecutiveFailedRuns` of the version that it ran. */
  readonly limit: number;
}

/** Memo key of {@link DagHead}. */
export const DAG_HEAD_MEMO = 'dag';

/** Update `put`. */
export const PUT_UPDATE = 'put';

export interface PutInput {
  readonly hash: string;
  readonly specKey: string;
  readonly planKey: string;
  readonly planBytes: number;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
  /** Hash of the fields that say when it runs by itself; absent = never. */
  readonly timing?: string;
  /** Whether it runs the dates of its past that have no run. Default: false. */
  readonly catchup?: boolean;
  /** Expected ETag (hash of the latest version), or `*` = must exist, or `none` = must not exist. */
  readonly expected?: string;
  readonly by?: string;
}

export interface PutResult {
  readonly outcome: 'created' | 'updated' | 'unchanged';
  readonly head: DagHead;
}

/** Update `pause` -> DagHead. */
export const PAUSE_UPDATE = 'pause';

export interface PauseInput {
  readonly paused: boolean;
  readonly by?: string;
}

/** Update `remove` -> DagHead: a tombstone; the entity and its version counter stay (R30). */
export const REMOVE_UPDATE = 'remove';

export interface RemoveInput {
  readonly by?: string;
}

/** Signal `checkSchedule`: somebody has seen that the Temporal Schedule is not as it is to be. */
export const CHECK_SCHEDULE_SIGNAL = 'checkSchedule';

/** Query `versions` -> the newest 200 {@link VersionHeader}s, newest first (also written to a blob on each put). */
export const VERSIONS_QUERY = 'versions';

/** Types of the ApplicationFailures by which the entity refuses an update. */
export const ENTITY_REFUSALS = { precondition: 'PreconditionFailed', notFound: 'DagNotFound' } as const;
