/**
 * An AbortSignal that is made, and listens to the one that it follows, only when somebody looks at it: most tasks are over before
 * they would.
 */
export class StopSignal {
  private controller?: AbortController;
  private stopped?: { readonly reason: unknown };

  /** @param followed when that one is aborted, so is this. */
  constructor(private readonly followed: AbortSignal) {}

  /** Asks to stop; only the first reason counts. */
  stop(reason: unknown): void {
    this.take();
    this.stopped ??= { reason };
    this.controller?.abort(this.stopped.reason);
  }

  /** Why it was asked to stop; `undefined` while it was not. */
  get reason(): unknown {
    this.take();
    return this.stopped?.reason;
  }

  get signal(): AbortSignal {
    if (this.controller !== undefined) return this.controller.signal;
    const { followed } = this;
    this.take();
    this.controller = new AbortController();
    if (this.stopped !== undefined) this.controller.abort(this.stopped.reason);
    else followed.addEventListener('abort', () => this.stop(followed.reason), { once: true });
    return this.controller.signal;
  }

  private take(): void {
    if (this.followed.aborted) this.stopped ??= { reason: this.followed.reason };
  }
}
