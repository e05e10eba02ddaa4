import type { Json } from '../src/dag/json.js';
import type { PlaceAnswer, PlaceHolder, PlaceParking, PlaceRequest, PlaceWord, PoolLimit } from '../src/dag/pool/place.js';

/** What workflows do about places of pools. All of it may be done twice. */
export interface PlaceActivities {
  /** Asks for a place; `waiting` = the answer comes as a signal (`PLACE_SIGNAL`). */
  askPlace(input: AskPlace): Promise<PlaceAnswer>;
  /** Gives up a place, or the wait for one. */
  leavePlace(input: LeavePlace): Promise<void>;
  /** Gives a place to others until it is asked for again. */
  parkPlace(input: ParkPlace): Promise<void>;
  /** Asks a run to stop, itself included; `reason` stands in its history. */
  cancelRun(input: { readonly runId: string; readonly reason: string }): Promise<void>;
  /** Writes the report of a run, and says that its place will be free: the last that a run with a place does. */
  storeReport(input: { readonly key: string; readonly value: Json; readonly leave: LeavePlace }): Promise<void>;
  /** Tells words of a pool to whom they are for. */
  tellPlaceWords(words: readonly PlaceWord[]): Promise<ToldWords>;
  /** Looks which holders of a pool are closed. */
  lookAtHolders(input: LookAtHolders): Promise<readonly PlaceHolder[]>;
}

export interface AskPlace {
  /** Name of the pool. */
  readonly pool: string;
  readonly request: PlaceRequest;
  readonly limit: PoolLimit;
}

export interface LeavePlace {
  readonly pool: string;
  readonly holder: PlaceHolder;
}

export interface ParkPlace {
  readonly pool: string;
  readonly holder: PlaceParking;
}

export interface LookAtHolders {
  /** They say that they leave: waited for a little while, until one of them is closed. */
  readonly leaving: readonly PlaceHolder[];
  /** They may have been ended from outside: looked at once. Those that are parked among them. */
  readonly holding: readonly PlaceHolder[];
}

export interface ToldWords {
  /** Words that have arrived. */
  readonly told: readonly PlaceWord[];
  /** Holders that are closed, so that nobody is there for their words any more. */
  readonly closed: readonly PlaceHolder[];
}

/** The gateway behind {@link PlaceActivities}: they get it from outside and never import `src/temporal`. */
export interface PlacePort {
  ask(input: AskPlace): Promise<PlaceAnswer>;
  leave(input: LeavePlace): Promise<void>;
  park(input: ParkPlace): Promise<void>;
  /** False when no such workflow is open. */
  cancel(workflowId: string, reason: string): Promise<boolean>;
  /** What does not get through is left out of the answer. */
  tell(words: readonly PlaceWord[]): Promise<ToldWords>;
  /** What cannot be found out is left out of the answer. */
  look(input: LookAtHolders): Promise<readonly PlaceHolder[]>;
}
