/** What readiness is made of. */
export interface ReadyState {
  /** Temporal answers and is prepared. */
  readonly temporal: boolean;
  /** The workers of this process poll; absent where it has none. */
  readonly worker?: boolean;
}

/** Asks the parts of this process whether they can work; made where the parts are. */
export class Readiness {
  constructor(
    /** Never throws. */
    readonly state: () => Promise<ReadyState>,
  ) {}
}
