import type {
  PlaceAnswer,
  PlaceHolder,
  PlaceParking,
  PlaceRequest,
  PlacesSnapshot,
  PlaceWord,
  PoolLimit,
  PoolShare,
  PoolView,
} from '../../src/dag/pool/place.js';

/** Argument of `pool`. Its capacity comes with those who ask. */
export interface PoolInput {
  readonly name: string;
  /** How often all holders are looked after, in ms. Default 10 s: who was ended from outside gives its place back within 30 s. */
  readonly watchMs?: number;
  /** It ends when nobody needed it for so long, in ms; who asks next starts it anew. Default 10 minutes. */
  readonly idleMs?: number;
  /** It goes on in a new execution from that length of its history on. Default 4,096. */
  readonly continueFromEvents?: number;
  /** What it goes on from, at continue-as-new. */
  readonly state?: PlacesSnapshot;
}

/**
 * Signal and update `ask`: one message may carry many requests. The update answers at once, one {@link PlaceAnswer} for each
 * request; who signals hears {@link PLACE_SIGNAL}.
 */
export const ASK_PLACES = 'ask';

export interface AskPlaces {
  readonly requests: readonly PlaceRequest[];
  /** Taken over unless a newer one is known. */
  readonly limit?: PoolLimit;
  /** Of the workflow that asks for others. Default: all that is free. */
  readonly share?: PoolShare;
}

export type AskPlacesResult = readonly PlaceAnswer[];

/** Signal `leave`: these need no place any more. A place that is held goes on when its holder is closed. */
export const LEAVE_PLACES = 'leave';

export interface LeavePlaces {
  readonly holders: readonly PlaceHolder[];
}

/** Signal `park`: these give their places to others until they ask for them again. */
export const PARK_PLACES = 'park';

export interface ParkPlaces {
  readonly holders: readonly PlaceParking[];
}

/** Signal `resize` with a {@link PoolLimit}. */
export const RESIZE_POOL = 'resize';

/** Query `view` -> {@link PoolView}; `of`: somebody who may be waiting. */
export const POOL_QUERY = 'view';

export interface PoolQueryInput {
  readonly of?: PlaceHolder;
}

export type PoolQueryResult = PoolView;

/** Signal `place`, to a run or to the workflow that asked for it: what became of requests. Said twice it means the same. */
export const PLACE_SIGNAL = 'place';

export interface PlaceSignal {
  readonly words: readonly PlaceWord[];
}
