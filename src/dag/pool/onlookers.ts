import type { PlaceHolder, PlaceWord } from './place.js';

/** What {@link Onlookers} go on from. */
export interface OnlookersSnapshot {
  /** Each with the workflow that wants to know (`reply`). */
  readonly watching: readonly PlaceHolder[];
  /** Words that have not arrived. */
  readonly words: readonly PlaceWord[];
}

/**
 * Workflows that asked for a place of a run which another one has asked for as well: there is one request for each run, theirs is none.
 * They are told when that one is closed or given up, which is a reason to look: else they would wait for a word that is the other's.
 */
export class Onlookers {
  /** By run and execution, then by workflow. */
  private readonly watching = new Map<string, Map<string, PlaceHolder>>();
  private readonly words = new Map<string, PlaceWord>();

  constructor(from?: OnlookersSnapshot) {
    for (const holder of from?.watching ?? []) this.add(holder);
    for (const word of from?.words ?? []) this.words.set(fullKey(word.holder), word);
  }

  /** No effect for one that asks for itself: it stands first whatever others want it for. */
  add(holder: PlaceHolder): void {
    if (holder.reply === undefined) return;
    const those = this.watching.get(keyOf(holder)) ?? new Map<string, PlaceHolder>();
    this.watching.set(keyOf(holder), those.set(holder.reply, holder));
  }

  /** That workflow does not want to know any more. */
  remove(holder: PlaceHolder): void {
    const those = this.watching.get(keyOf(holder));
    if (those === undefined || holder.reply === undefined) return;
    those.delete(holder.reply);
    if (those.size === 0) this.watching.delete(keyOf(holder));
  }

  /** What they looked at is closed, or given up. True when somebody has to be told. */
  over(holder: PlaceHolder): boolean {
    const those = this.watching.get(keyOf(holder));
    if (those === undefined) return false;
    this.watching.delete(keyOf(holder));
    for (const each of those.values()) this.words.set(fullKey(each), { holder: each, word: 'closed' });
    return true;
  }

  /** What is still to be told, oldest first. */
  get toTell(): readonly PlaceWord[] {
    return [...this.words.values()];
  }

  told({ holder, word }: PlaceWord): void {
    if (word === 'closed') this.words.delete(fullKey(holder));
  }

  /** Undefined where there is nobody. */
  snapshot(): OnlookersSnapshot | undefined {
    if (this.watching.size === 0 && this.words.size === 0) return undefined;
    return { watching: [...this.watching.values()].flatMap((those) => [...those.values()]), words: this.toTell };
  }
}

const keyOf = ({ runId, execution }: PlaceHolder): string => `${runId}#${execution}`;
const fullKey = (holder: PlaceHolder): string => `${keyOf(holder)} ${holder.reply}`;
