/** An AbortSignal that is made only when somebody looks at it: most tasks are over before they would. */
export class StopSignal {
  private controller?: AbortController;
  private stopped?: { readonly reason: unknown };

  /** Asks to stop; only the first reason counts. */
  stop(reason: unknown): void {
    this.stopped ??= { reason };
    this.controller?.abort(this.stopped.reason);
  }

  /** Why it was asked to stop; `undefined` while it was not. */
  get reason(): unknown {
    return this.stopped?.reason;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.stopped !== undefined) this.controller.abort(this.stopped.reason);
    }
    return this.controller.signal;
  }
}
