/** Asks the parts of this process whether they can work; made where the parts are. */
export class Readiness {
  constructor(
    /** Does Temporal answer? Never throws. */
    readonly temporal: () => Promise<boolean>,
    /** Does our worker poll? Undefined where this process has none. */
    readonly worker: () => boolean | undefined,
  ) {}
}
