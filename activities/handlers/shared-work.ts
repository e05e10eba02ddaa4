interface Shared<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/** Work that several tasks need and that is done once for all who wait for it at the same time. */
export class SharedWork<T> {
  private readonly running = new Map<string, Shared<T>>();

  /**
   * Begins the work named `key`, or waits for the one under way. A caller whose `signal` is aborted leaves with its reason; the work is
   * stopped when nobody waits any more. `first` is called for the caller that begins it.
   */
  async share(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>, first: () => void): Promise<T> {
    signal.throwIfAborted();
    const shared = this.running.get(key) ?? this.begin(key, work, first);
    shared.waiting++;
    let leave: () => void = () => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([shared.result, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      shared.waiting--;
      if (shared.waiting === 0 && signal.aborted) {
        // Who comes next begins anew.
        this.forget(key, shared);
        shared.stop.abort(signal.reason);
        await shared.result.catch(() => undefined);
      }
    }
  }

  private begin(key: string, work: (signal: AbortSignal) => Promise<T>, first: () => void): Shared<T> {
    first();
    const stop = new AbortController();
    const shared = { result: work(stop.signal), stop, waiting: 0 };
    this.running.set(key, shared);
    const over = (): void => this.forget(key, shared);
    shared.result.then(over, over);
    return shared;
  }

  private forget(key: string, shared: Shared<T>): void {
    if (this.running.get(key) === shared) this.running.delete(key);
  }
}
