import { Onlookers } from './onlookers.js';
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
} from './place.js';

interface Asked {
  readonly request: PlaceRequest;
  /** In the order of arrival: decides between requests of the same ms. */
  readonly arrival: number;
}
interface Held extends Asked {
  /** What it takes, which a later change of the limit leaves as it is. */
  readonly weight: number;
  leaving: boolean;
  evicted: boolean;
  /** It takes nothing of the capacity now. */
  parked: boolean;
  /** How often it has parked. */
  turn: number;
}

const DEFAULT_PRIORITY = 3;
/** Holders, those that wait and those that are parked, that a view names. */
const MAX_NAMED = 100;

/**
 * The places of a pool as a state machine: no clock, no Temporal. Places go by priority, then by who was there first, and nobody
 * passes the one whose turn it is: a heavy request waits until enough is free, and lighter ones behind it wait with it, so that
 * none waits for ever but for those of a better priority. Only requests of a workflow that has its share are passed. A place is free
 * again only when its holder is known to be closed; that it says so (`leave`) is a reason to look. A holder that has no use for its place
 * for a while may park: it gives it to others, and asks for it again, in the order of its first request. It still counts in the share of
 * who asked for it, which else would start more and more that only wait. Messages may be repeated and arrive in any order.
 *
 * One file on purpose, though a long one: every method keeps the same few maps in step.
 */
export class Places {
  /** Grows when there is something new to be told or to be looked at. */
  stirred = 0;
  private limit: PoolLimit;
  private used = 0;
  private arrivals = 0;
  private readonly held = new Map<string, Held>();
  /** In order. */
  private readonly queue: Asked[] = [];
  private readonly queued = new Map<string, Asked>();
  private readonly said = new Map<string, PlaceWord>();
  /** Who was parked, has its place again and has not heard of it. Apart from what is said to who asked for it. */
  private readonly returned = new Map<string, PlaceWord>();
  private readonly shares = new Map<string, PoolShare>();
  /** Places held, by the workflow that asked for them. */
  private readonly heldFor = new Map<string, number>();

  private readonly onlookers: Onlookers;

  constructor({ limit, held = [], waiting = [], words = [], shares = [], onlookers }: Partial<PlacesSnapshot> = {}) {
    this.limit = limit ?? { capacity: 0, revision: -1 };
    for (const { leaving = false, evicted = false, parked = false, turn = 0, ...request } of held) {
      const weight = request.weight ?? 1;
      this.held.set(keyOf(request), { request, arrival: this.arrivals++, weight, leaving, evicted, parked, turn });
      if (!parked) this.used += weight;
      this.countHeld(request, 1);
    }
    for (const share of shares) this.shares.set(share.reply, share);
    for (const request of waiting) this.enqueue(request);
    for (const word of words) {
      if (word.turn === undefined) this.say(word.holder, word.word);
      else this.sayReturned(word.holder, word.turn);
    }
    this.onlookers = new Onlookers(onlookers);
    if (this.onlookers.toTell.length > 0) this.stirred++;
    if (this.leaving().length > 0) this.stirred++;
  }

  /**
   * Takes requests in, and answers in their order. Who is not answered `direct`ly hears what became of it as a word, at once or
   * when its turn has come.
   */
  ask(
    requests: readonly PlaceRequest[],
    limit?: PoolLimit,
    direct = false,
    /** Of the workflow that asks for others. Default: what it was, or all that is free. */
    share?: PoolShare,
  ): PlaceAnswer[] {
    if (limit !== undefined) this.resize(limit);
    if (share !== undefined) this.allot(share);
    const answers = requests.map((request) => this.askOne(request, direct));
    if (share !== undefined) this.forgetShare(share.reply);
    return answers;
  }

  /** Another share. Nobody loses a place by a lower one. */
  private allot(share: PoolShare): void {
    const known = this.shares.get(share.reply);
    if (known !== undefined && known.revision > share.revision) return;
    this.shares.set(share.reply, share);
    this.settle();
  }

  /**
   * They need no place any more. One that holds a place keeps it until it is known to be closed. A workflow gives up only what was asked
   * for by itself.
   */
  leave(holders: readonly PlaceHolder[]): void {
    for (const holder of holders) {
      const key = keyOf(holder);
      const held = this.held.get(key);
      const asked = held ?? this.queued.get(key);
      this.onlookers.remove(holder);
      if (this.isOfOthers(holder, asked)) continue;
      this.said.delete(key);
      // Only a run itself says that it does not want its place again.
      if (held?.parked === true && holder.reply === undefined) this.dequeue(key);
      if (held === undefined) this.giveUp(holder);
      else if (!held.leaving) {
        held.leaving = true;
        this.stirred++;
      }
    }
    this.settle();
  }

  /** They give their places to others, until they ask for them again. */
  park(holders: readonly PlaceParking[]): void {
    for (const holder of holders) {
      const held = this.held.get(keyOf(holder));
      // It arrives late: it has come back since.
      if (held === undefined || holder.turn <= held.turn) continue;
      held.turn = holder.turn;
      if (held.parked) continue;
      held.parked = true;
      this.used -= held.weight;
    }
    this.settle();
  }

  /** The request that stands is not the one that this workflow has made. */
  private isOfOthers({ reply }: PlaceHolder, asked: Asked | undefined): boolean {
    return reply !== undefined && asked !== undefined && asked.request.reply !== reply;
  }

  /** Another limit. Nobody loses a place by a lower one: it is reached as holders close. */
  resize(limit: PoolLimit): void {
    if (limit.revision < this.limit.revision) return;
    this.limit = limit;
    this.settle();
  }

  /** These are closed: their places go on. */
  closed(holders: readonly PlaceHolder[]): void {
    for (const holder of holders) {
      const key = keyOf(holder);
      const held = this.held.get(key);
      this.onlookers.told({ holder, word: 'closed' });
      if (this.isOfOthers(holder, held ?? this.queued.get(key))) continue;
      this.said.delete(key);
      this.returned.delete(key);
      if (held === undefined) this.giveUp(holder);
      else {
        this.held.delete(key);
        if (held.parked) this.dequeue(key);
        else this.used -= held.weight;
        this.countHeld(held.request, -1);
        if (held.request.reply !== undefined) this.say(held.request, 'closed');
        if (this.onlookers.over(holder)) this.stirred++;
      }
    }
    this.settle();
  }

  /** These words have arrived. */
  told(words: readonly PlaceWord[]): void {
    for (const { holder, word, turn } of words) {
      const key = keyOf(holder);
      if (turn !== undefined) {
        if (this.returned.get(key)?.turn === turn) this.returned.delete(key);
        continue;
      }
      const said = this.said.get(key);
      if (said?.word === word && said.holder.reply === holder.reply) this.said.delete(key);
      this.onlookers.told({ holder, word });
    }
  }

  /** What is still to be told, oldest first. */
  words(): PlaceWord[] {
    return [...this.said.values(), ...this.returned.values(), ...this.onlookers.toTell];
  }

  /** All that hold a place. */
  holders(): PlaceHolder[] {
    return this.those(({ parked }) => !parked);
  }

  /** All that have given their place to others and are not closed. */
  away(): PlaceHolder[] {
    return this.those(({ parked }) => parked);
  }

  /** Those that said that they leave, and are not known to be closed. */
  leaving(): PlaceHolder[] {
    return this.those(({ leaving }) => leaving);
  }

  private those(which: (held: Held) => boolean): PlaceHolder[] {
    return [...this.held.values()].filter(which).map(({ request }) => holderOf(request));
  }

  /** Nobody holds a place, is parked or waits, and nothing is to be told. */
  get isEmpty(): boolean {
    return this.held.size === 0 && this.queue.length === 0 && this.words().length === 0;
  }

  view(of?: PlaceHolder): PoolView {
    const asked = of === undefined ? undefined : this.queued.get(keyOf(of));
    const [holders, away] = [this.holders(), this.away()];
    return {
      capacity: this.limit.capacity,
      used: this.used,
      active: holders.length,
      queued: this.queue.length,
      parked: away.length,
      holders: holders.slice(0, MAX_NAMED),
      away: away.slice(0, MAX_NAMED),
      next: this.queue.slice(0, MAX_NAMED).map(({ request }) => holderOf(request)),
      ...(asked === undefined ? {} : { ahead: this.rank(asked) }),
    };
  }

  snapshot(): PlacesSnapshot {
    const onlookers = this.onlookers.snapshot();
    return {
      limit: this.limit,
      held: [...this.held.values()].map(({ request, weight, leaving, evicted, parked, turn }) => ({
        ...request,
        weight,
        ...(turn === 0 ? {} : { turn }),
        ...(parked ? { parked } : {}),
        ...(leaving ? { leaving } : {}),
        ...(evicted ? { evicted } : {}),
      })),
      waiting: this.queue.map(({ request }) => request),
      words: [...this.said.values(), ...this.returned.values()],
      ...(this.shares.size === 0 ? {} : { shares: [...this.shares.values()] }),
      ...(onlookers === undefined ? {} : { onlookers }),
    };
  }

  private askOne(request: PlaceRequest, direct: boolean): PlaceAnswer {
    const key = keyOf(request);
    const known = this.held.get(key);
    if (known !== undefined && request.reply === undefined && (known.turn > 0 || request.turn !== undefined))
      return this.askAgain(request, known, direct && !this.returned.has(key));
    // It has asked before and waits for a word: this message may come late, and nobody may be there for its answer.
    const answered = direct && !this.said.has(key) && !this.queued.has(key);
    if (known === undefined) {
      // What was said of an earlier request of the same run does not hold of this one.
      this.said.delete(key);
      // A run that asks for itself is there, whatever another workflow wanted it for: it is told, and by its own terms.
      const before = this.queued.get(key)?.request;
      if (request.reply === undefined && before?.reply !== undefined) {
        this.dequeue(key);
        this.onlookers.add(holderOf(before));
      } else if (before !== undefined && before.reply !== request.reply) this.onlookers.add(holderOf(request));
      const asked = this.queued.get(key) ?? this.enqueue(request);
      this.settle();
      if (this.queued.has(key) && request.onFull === 'refuse') {
        this.giveUp(request);
        if (!answered) this.say(request, 'refused');
        return { state: 'refused' };
      }
      if (this.queued.has(key) && request.onFull === 'evict') this.makeRoom(asked);
      if (this.queued.has(key)) return { state: 'waiting', ahead: this.rank(asked) };
    } else if (this.isOfOthers(request, known)) this.onlookers.add(holderOf(request));
    else known.leaving = false;
    // It may have missed the first word, or have asked before that arrived.
    if (known?.evicted === true) this.say(request, 'evicted');
    else if (answered) {
      this.said.delete(key);
      this.returned.delete(key);
    } else if (request.turn === undefined) this.say(request, 'granted');
    return { state: 'granted' };
  }

  /** A run asks that has been parked: by its first terms, whoever asked for it then, but that now it waits whatever is free. */
  private askAgain(request: PlaceRequest, known: Held, answered: boolean): PlaceAnswer {
    const key = keyOf(request);
    const { turn = 0 } = request;
    // From before it parked: nobody waits for the answer.
    if (turn < known.turn) return { state: 'granted' };
    known.turn = turn;
    known.leaving = false;
    if (known.parked && !this.queued.has(key)) {
      const { reply: _, onFull: __, ...terms } = known.request;
      this.enqueue(terms, known.arrival);
      this.settle();
    }
    const asked = this.queued.get(key);
    if (asked !== undefined) return { state: 'waiting', ahead: this.rank(asked) };
    if (answered) this.returned.delete(key);
    else this.sayReturned(request, turn);
    return { state: 'granted' };
  }

  /** Gives places on as far as they go. */
  private settle(): void {
    for (let at = 0; at < this.queue.length && this.used < this.limit.capacity; ) {
      const next = this.queue[at]!;
      const weight = this.weightOf(next.request);
      if (this.hasItsShare(next.request)) {
        at++;
        continue;
      }
      if (this.used + weight > this.limit.capacity) return;
      const key = keyOf(next.request);
      this.queue.splice(at, 1);
      this.queued.delete(key);
      this.used += weight;
      const parked = this.held.get(key);
      if (parked !== undefined) {
        this.held.set(key, { ...parked, weight, parked: false });
        this.sayReturned(next.request, parked.turn);
        continue;
      }
      const { turn = 0, ...request } = next.request;
      this.held.set(key, { ...next, request, weight, leaving: false, evicted: false, parked: false, turn });
      this.countHeld(next.request, 1);
      if (turn === 0) this.say(next.request, 'granted');
      else this.sayReturned(next.request, turn);
    }
  }

  private hasItsShare({ reply }: PlaceRequest): boolean {
    const share = reply === undefined ? undefined : this.shares.get(reply);
    return share !== undefined && (this.heldFor.get(share.reply) ?? 0) >= share.most;
  }

  private countHeld({ reply }: PlaceRequest, by: 1 | -1): void {
    if (reply === undefined) return;
    const count = (this.heldFor.get(reply) ?? 0) + by;
    if (count > 0) this.heldFor.set(reply, count);
    else this.heldFor.delete(reply);
    if (by < 0) this.forgetShare(reply);
  }

  /** Whoever wants no place any more says its share again when it asks. */
  private forgetShare(reply: string): void {
    if (this.heldFor.has(reply) || this.queue.some(({ request }) => request.reply === reply)) return;
    this.shares.delete(reply);
  }

  /**
   * The newest wins: the oldest of those that hold a place or are before it, and were asked for by themselves, have to go until it
   * will fit.
   */
  private makeRoom(asked: Asked): void {
    const holding = [...this.held.values()].filter(({ leaving, evicted, parked }) => !leaving && !evicted && !parked);
    const before = this.queue.slice(0, this.rank(asked)).filter(({ request }) => this.mayBeEvicted(request));
    let load = this.weightOf(asked.request);
    for (const { weight } of holding) load += weight;
    for (const { request } of before) load += this.weightOf(request);
    const oldest = [...holding.filter(({ request }) => request.reply === undefined), ...before].sort(byAge);
    for (const { request } of oldest) {
      if (load <= this.limit.capacity) break;
      const held = this.held.get(keyOf(request));
      load -= held === undefined || held.parked ? this.weightOf(request) : held.weight;
      // One that was parked stays in line: it may have to clean up, for which it needs its place.
      if (held === undefined) this.giveUp(request);
      else held.evicted = true;
      this.say(request, 'evicted');
    }
    this.settle();
  }

  private mayBeEvicted(request: PlaceRequest): boolean {
    const parked = this.held.get(keyOf(request));
    return (parked?.request ?? request).reply === undefined && parked?.evicted !== true;
  }

  private weightOf({ weight = 1 }: PlaceRequest): number {
    return Math.min(weight, this.limit.capacity);
  }

  private say(holder: PlaceHolder, word: PlaceWord['word']): void {
    const key = keyOf(holder);
    // Behind what was said to others before.
    this.said.delete(key);
    this.said.set(key, { holder: holderOf(holder), word });
    this.stirred++;
  }

  private sayReturned(holder: PlaceHolder, turn: number): void {
    const { runId, execution } = holder;
    this.returned.set(keyOf(holder), { holder: { runId, execution }, word: 'granted', turn });
    this.stirred++;
  }

  private enqueue(request: PlaceRequest, arrival = this.arrivals++): Asked {
    const asked = { request, arrival };
    this.queue.splice(this.rank(asked), 0, asked);
    this.queued.set(keyOf(request), asked);
    return asked;
  }

  /** It waits no more, and whoever wanted it as well has to ask anew. */
  private giveUp(holder: PlaceHolder): void {
    this.dequeue(keyOf(holder));
    if (this.onlookers.over(holder)) this.stirred++;
  }

  private dequeue(key: string): void {
    const asked = this.queued.get(key);
    if (asked === undefined) return;
    this.queue.splice(this.rank(asked), 1);
    this.queued.delete(key);
    if (asked.request.reply !== undefined) this.forgetShare(asked.request.reply);
  }

  /** How many come before it. */
  private rank(asked: Asked): number {
    let low = 0;
    let high = this.queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (inOrder(this.queue[middle]!, asked) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function keyOf({ runId, execution }: PlaceHolder): string {
  return `${runId}#${execution}`;
}

function holderOf({ runId, execution, reply }: PlaceHolder): PlaceHolder {
  return { runId, execution, ...(reply === undefined ? {} : { reply }) };
}

function inOrder(a: Asked, b: Asked): number {
  return (a.request.priority ?? DEFAULT_PRIORITY) - (b.request.priority ?? DEFAULT_PRIORITY) || byAge(a, b);
}

function byAge(a: Asked, b: Asked): number {
  return a.request.at - b.request.at || a.arrival - b.arrival;
}
