import type { OnlookersSnapshot } from './onlookers.js';

/** Who holds a place of a pool, or waits for one: one execution of a run (R4). It keeps its place until it is closed, or parks. */
export interface PlaceHolder {
  readonly runId: string;
  readonly execution: number;
  /** Workflow that asks for it, and that is told instead: the run itself need not have begun. Default: the run. */
  readonly reply?: string;
}

/** What is done with a request that finds no place: it waits, it is turned away, or older ones have to go for it. */
export type OnFull = 'wait' | 'refuse' | 'evict';

/** Asks for a place. Asking again changes nothing: a request is known by its run and execution. */
export interface PlaceRequest extends PlaceHolder {
  /** Since when it is there, epoch ms: among equal priorities the first comes first. */
  readonly at: number;
  /** Units of the capacity that it takes. Default 1; more than the capacity counts as all of it. */
  readonly weight?: number;
  /** 1 first … 5 last. Default 3. */
  readonly priority?: number;
  /** Default: it waits. */
  readonly onFull?: OnFull;
  /** Of one that was parked and wants its place again: the number of that parking. Default 0: it was not. */
  readonly turn?: number;
}

/**
 * Gives its place to others for as long as it has no use for it, and goes on running: it is parked. Its parkings are counted from 1, so that
 * a message which arrives late, or twice, is told from one that is meant.
 */
export interface PlaceParking extends PlaceHolder {
  readonly turn: number;
}

/**
 * How many places those may hold together that one workflow asks for (`reply`), whatever is free. Of two that arrive out of order the
 * one with the higher revision counts; it is forgotten once that workflow neither holds nor wants a place.
 */
export interface PoolShare {
  readonly reply: string;
  readonly most: number;
  readonly revision: number;
}

/** How much a pool holds. Of two limits that arrive out of order the one with the higher revision counts. */
export interface PoolLimit {
  readonly capacity: number;
  /** Of a DAG's active runs: the version that says so. */
  readonly revision: number;
}

/** What became of a request. `ahead`: those that come before it. */
export type PlaceAnswer =
  | { readonly state: 'granted' }
  | { readonly state: 'refused' }
  | { readonly state: 'waiting'; readonly ahead?: number };

/**
 * What somebody has to be told: that it has its place, that it gets none, that it has to stop for another; and whoever asked for
 * others (`reply`), that one of them is closed, or given up by another workflow that had asked for it too.
 */
export interface PlaceWord {
  readonly holder: PlaceHolder;
  readonly word: 'granted' | 'refused' | 'evicted' | 'closed';
  /** Of one that has its place again: after which parking. Default 0: it has it for the first time. */
  readonly turn?: number;
}

/** A pool as people see it. Of holders, of those that wait and of those that are parked at most 100 are named, in order. */
export interface PoolView {
  readonly capacity: number;
  /** Units in use. */
  readonly used: number;
  readonly active: number;
  readonly queued: number;
  readonly holders: readonly PlaceHolder[];
  readonly next: readonly PlaceHolder[];
  /** Those that have given their place to others for a while; who wants it again is also among those that wait. */
  readonly parked: number;
  readonly away: readonly PlaceHolder[];
  /** Of the one that was asked about, while it waits: those before it. */
  readonly ahead?: number;
}

/** What a pool goes on from. Everything stands in its order. */
export interface PlacesSnapshot {
  readonly limit: PoolLimit;
  readonly held: readonly (PlaceRequest & { readonly leaving?: true; readonly evicted?: true; readonly parked?: true })[];
  readonly waiting: readonly PlaceRequest[];
  readonly words: readonly PlaceWord[];
  /** Default: none. */
  readonly shares?: readonly PoolShare[];
  /** Default: none. */
  readonly onlookers?: OnlookersSnapshot;
}
