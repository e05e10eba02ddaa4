import type { FinalRunState, TaskState } from '../state.js';

/** What became of a task, in virtual milliseconds since the start of the whole simulation; after a rewind, of its last life. */
export interface SimulatedTask {
  readonly id: string;
  readonly state: TaskState;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Of a map that ran: the state of each item. */
  readonly items?: readonly TaskState[];
  /** Of a branch that succeeded: ids of what it chose, in the order of its cases. */
  readonly chosen?: readonly string[];
}

/** What became of a hook that was due. */
export interface SimulatedHook {
  /** `hook exit`, `load hook failure`. */
  readonly name: string;
  readonly state: 'success' | 'failed' | 'skipped';
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What became of one run. */
export interface SimulatedRun extends RunPlace {
  readonly state: FinalRunState;
  /** What stopped it before its tasks were through. Default: nothing. */
  readonly stopped?: RunStop;
  readonly startedAt: number;
  /** With the hooks. */
  readonly endedAt: number;
  /** How many tasks ended in each state; states without tasks are absent. */
  readonly counts: { readonly [state in TaskState]?: number };
  /** In the order of the plan. */
  readonly tasks: readonly SimulatedTask[];
  /** In the order in which they began. */
  readonly hooks: readonly SimulatedHook[];
}

/** Why a run has to stop. */
export type StopReason = 'cancelled' | 'timeout';

export interface RunStop {
  readonly reason: StopReason;
  readonly at: number;
  /** How many of {@link Simulation.changes} were before it. */
  readonly after: number;
}

/** Which run of the simulation, and where it belongs. */
export interface RunPlace {
  /** 0 = the root; SubDAGs are numbered as they begin. */
  readonly run: number;
  /** `etl[3]#2/load`; empty for the root. */
  readonly path: string;
  /** Which attempt of which task, or item of a map, of which run it is. Absent: the root. */
  readonly of?: { readonly run: number; readonly task: number; readonly item?: number; readonly attempt: number };
}

/** A task, or an item of a map, has got another state. Rewound tasks become pending again. */
export interface SimulatedChange {
  readonly at: number;
  /** The number of the run. */
  readonly run: number;
  /** Index of the task in the plan of that run. */
  readonly task: number;
  readonly item?: number;
  readonly state: TaskState;
}

export interface Simulation extends SimulatedRun {
  readonly makespanMs: number;
  /** The runs of SubDAGs, one for each attempt and each item of a map, in the order in which they ended. */
  readonly children: readonly SimulatedRun[];
  /** Everything that happened, in order. */
  readonly changes: readonly SimulatedChange[];
}
