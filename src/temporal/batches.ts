interface Entry<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One call at a time per key: what comes while it is under way is collected, and the next call carries all of it. Nothing waits where
 * there is little to do; a burst becomes a few calls.
 */
export class Batches<Item, Answer> {
  private readonly collected = new Map<string, Entry<Item, Answer>[]>();

  constructor(
    /** Answers for all items of a key, in their order. When it rejects, so do all of them. */
    private readonly send: (key: string, items: readonly Item[]) => Promise<readonly Answer[]>,
    /** Items of one call, at most. */
    private readonly most: number,
  ) {}

  add(key: string, item: Item): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const entry = { item, resolve, reject };
      const waiting = this.collected.get(key);
      if (waiting !== undefined) waiting.push(entry);
      else {
        this.collected.set(key, [entry]);
        void this.drain(key);
      }
    });
  }

  private async drain(key: string): Promise<void> {
    for (let entries = this.collected.get(key)!; entries.length > 0; ) {
      const batch = entries.splice(0, this.most);
      try {
        const answers = await this.send(
          key,
          batch.map(({ item }) => item),
        );
        for (const [i, { resolve }] of batch.entries()) resolve(answers[i]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.collected.delete(key);
  }
}
