/** Too many pieces of work were before this one: it was not begun. */
export class QueueTimeoutError extends Error {
  override readonly name = 'QueueTimeoutError';
}

/** Lets at most `limit` pieces of work run at the same time per key; the others wait in order, each at most `waitMs`. */
export class KeyedQueue {
  private readonly lanes = new Map<string, { running: number; readonly waiting: (() => void)[] }>();

  constructor(
    private readonly limit: number,
    private readonly waitMs: number,
  ) {}

  /** @throws QueueTimeoutError when its turn did not come in time. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(key) ?? { running: 0, waiting: [] };
    this.lanes.set(key, lane);
    if (lane.running < this.limit) lane.running++;
    else await this.turn(lane.waiting);
    try {
      return await work();
    } finally {
      // A waiting one takes over the place, so `running` stays as it is.
      const next = lane.waiting.shift();
      if (next) next();
      else if (--lane.running === 0) this.lanes.delete(key);
    }
  }

  private turn(waiting: (() => void)[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(new QueueTimeoutError('too much is under way'));
      }, this.waitMs);
      waiting.push(go);
    });
  }
}
