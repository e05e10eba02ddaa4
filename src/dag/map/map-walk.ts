import type { TaskState } from '../state.js';
import {
  CANCELLED,
  FAILED,
  FINAL_STATE_BYTES,
  PENDING,
  RUNNING,
  SKIPPED,
  STATE_LETTERS,
  STATE_NAMES,
  SUCCESS,
} from '../walk-states.js';

/** How the items of a map run. */
export interface MapRules {
  /** Items at the same time, at least 1. */
  readonly maxConcurrency: number;
  /** How many may fail before the map does. */
  readonly tolerated: number;
  /** Whether the rest is given up once more than `tolerated` have failed. */
  readonly stopOnFirstFailure: boolean;
}

/** How an item may end. */
export type FinalItemState = 'success' | 'failed' | 'skipped' | 'cancelled';

/** States of all items, each run of equal ones as its length and a letter of `walk-states.ts`: `12s1f500.`. */
export type MapWalkStates = string;

/** States of a map of `total` items of which those, in ascending order, have succeeded already. */
export function statesWithSuccesses(items: readonly number[], total: number): MapWalkStates {
  let states = '';
  for (let from = 0, at = 0; from < total; ) {
    const done = items[at] === from;
    let to = from + 1;
    if (done) while (items[++at] === to) to++;
    else to = items[at] ?? total;
    states += `${to - from}${done ? 's' : '.'}`;
    from = to;
  }
  return states;
}

/**
 * The items of one map as a state machine: which may start, what an ended one decides, what the map comes to. Runs nothing and
 * knows no clock, like the walk around it. Items start in order of index. O(items) to build, O(1) per step but for one look at each item.
 */
export class MapWalk {
  private readonly states: Uint8Array;
  private readonly totals = new Uint32Array(STATE_NAMES.length);
  private cursor = 0;
  private stopped = false;

  /** @param states a snapshot to go on from. @throws RangeError when it is not of this many items. */
  constructor(
    readonly total: number,
    private readonly rules: MapRules,
    states?: MapWalkStates,
  ) {
    this.states = new Uint8Array(total);
    if (states !== undefined) this.restore(states);
    for (let i = 0; i < total; i++) this.totals[this.states[i]!]!++;
  }

  /** The next item to start; undefined when none is left or enough run. Does not start it. */
  next(): number | undefined {
    if (this.running >= this.rules.maxConcurrency) return undefined;
    while (this.cursor < this.total && this.states[this.cursor] !== PENDING) this.cursor++;
    return this.cursor < this.total ? this.cursor : undefined;
  }

  /** @throws Error when the item was started before: a bug of the driver. */
  start(item: number): void {
    if (this.states[item] !== PENDING) throw new Error(`item ${item} cannot start: it is ${this.stateOf(item)}`);
    this.set(item, RUNNING);
  }

  /** The item has ended. No effect when it already has. */
  finish(item: number, state: FinalItemState): void {
    if (this.states[item]! >= SUCCESS) return;
    this.set(item, FINAL_STATE_BYTES[state]);
    if (this.gaveUp) this.leave(SKIPPED);
  }

  /** The run stops: what has not started is cancelled. Running items end by `finish`. */
  stop(): void {
    this.stopped = true;
    this.leave(CANCELLED);
  }

  /** True once {@link MapWalk.stop} was called. */
  get isStopped(): boolean {
    return this.stopped;
  }

  /** True once too many items have failed and the rest is given up: the driver is to cancel what runs. */
  get gaveUp(): boolean {
    return this.rules.stopOnFirstFailure && this.totals[FAILED]! > this.rules.tolerated;
  }

  get isDone(): boolean {
    return this.totals[PENDING] === 0 && this.totals[RUNNING] === 0;
  }

  get running(): number {
    return this.totals[RUNNING]!;
  }

  stateOf(item: number): TaskState {
    return STATE_NAMES[this.states[item]!]!;
  }

  /** How many items are in each state; states without items are absent. */
  counts(): { [state in TaskState]?: number } {
    const counts: { [state in TaskState]?: number } = {};
    for (const [code, name] of STATE_NAMES.entries()) if (this.totals[code]! > 0) counts[name] = this.totals[code]!;
    return counts;
  }

  /** What the items make of the map, undefined while one is open. */
  outcome(): FinalItemState | undefined {
    return this.isDone ? mapOutcome(this.counts(), this.rules.tolerated, this.stopped) : undefined;
  }

  snapshot(): MapWalkStates {
    let text = '';
    for (let from = 0; from < this.total; ) {
      let to = from + 1;
      while (to < this.total && this.states[to] === this.states[from]) to++;
      text += `${to - from}${STATE_LETTERS[this.states[from]!]}`;
      from = to;
    }
    return text;
  }

  private restore(states: MapWalkStates): void {
    let at = 0;
    for (const [, length, letter] of states.matchAll(/(\d+)(.)/g)) {
      const code = STATE_LETTERS.indexOf(letter!);
      if (code < 0) throw new RangeError(`unknown state ${JSON.stringify(letter)} of an item in kept states`);
      this.states.fill(code, at, at + Number(length));
      at += Number(length);
    }
    if (at !== this.total) throw new RangeError(`the map has ${this.total} items, its kept states ${at}`);
  }

  private leave(code: number): void {
    for (let i = this.cursor; i < this.total; i++) if (this.states[i] === PENDING) this.set(i, code);
  }

  private set(item: number, code: number): void {
    this.totals[this.states[item]!]!--;
    this.states[item] = code;
    this.totals[code]!++;
  }
}

/**
 * What ended items make of their map: failed when more failed than may; else a success as soon as one was, or failed within what
 * is tolerated; without either skipped, or cancelled. The order in which items end means nothing. `stopped` = the run has stopped.
 */
export function mapOutcome(
  { success = 0, failed = 0, cancelled = 0 }: { readonly [state in TaskState]?: number },
  tolerated: number,
  stopped: boolean,
): FinalItemState {
  if (failed > tolerated) return 'failed';
  if (stopped && cancelled > 0) return 'cancelled';
  if (success + failed > 0) return 'success';
  return cancelled > 0 ? 'cancelled' : 'skipped';
}
