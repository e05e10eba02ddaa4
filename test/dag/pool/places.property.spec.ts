import { ok } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlaceHolder, PlaceRequest } from '../../../src/dag/pool/place.js';
import { Places } from '../../../src/dag/pool/places.js';
import { propertySeed } from '../../support/property-seed.js';

const RUNS = 3_000;
/** Far beyond what they take: the machine may be busy. */
const PATIENCE = { timeout: 180_000 };

type Life = 'new' | 'asking' | 'active' | 'parked' | 'returning' | 'closing' | 'closed' | 'refused';
interface Message {
  /** `update`: asked directly, by somebody who has given up waiting for the answer by now and asks by another message. */
  readonly kind: 'ask' | 'update' | 'leave' | 'park';
  readonly requests: readonly PlaceRequest[];
}

/** Runs, a pool, and a network between them that repeats and reorders what it carries. */
class World {
  places = new Places();
  readonly lives = new Map<string, Life>();
  /** How often each has parked. */
  private readonly turns = new Map<string, number>();
  private readonly network: Message[] = [];

  constructor(
    readonly requests: readonly PlaceRequest[],
    readonly capacity: number,
    /** A number from 0 to before its argument. */
    private readonly choose: (among: number) => number,
  ) {
    for (const { runId } of requests) this.lives.set(runId, 'new');
  }

  /** One thing that happens, whatever is possible now. */
  step(): void {
    this.checked(() => this.happen(this.requests[this.choose(this.requests.length)]!));
  }

  private happen(request: PlaceRequest): void {
    const life = this.lives.get(request.runId)!;
    switch (this.choose(12)) {
      case 0:
      case 1:
        if (life === 'new' || life === 'asking') this.begin(request);
        break;
      case 2:
        // A run that asks and is answered at once.
        if (life === 'new' || life === 'asking') this.hear(request, this.places.ask([request], this.limit, true)[0]!.state);
        break;
      case 3:
        if (life === 'active') this.end(request);
        break;
      case 4:
        // Ended from outside, without a word, whatever it was at.
        if (life !== 'new' && this.choose(4) === 0) this.lives.set(request.runId, 'closed');
        break;
      case 5:
        if (life === 'closing') this.lives.set(request.runId, 'closed');
        break;
      case 6:
        this.deliver();
        break;
      case 7:
        this.turn(this.choose(3) === 0);
        break;
      case 10:
        if (life === 'new' || life === 'asking') this.giveUpAndBegin(request);
        break;
      case 8:
        if (life === 'active') this.park(request);
        break;
      case 9:
        if (life === 'parked') this.comeBack(request);
        break;
      default:
        this.places = new Places(JSON.parse(JSON.stringify(this.places.snapshot())));
    }
  }

  /** All that is under way arrives, all that is alive comes to its end, and whoever was killed is looked for. */
  settle(): void {
    for (const request of this.requests) if (this.lives.get(request.runId) === 'new') this.begin(request);
    for (let round = 0; round < 10 * this.requests.length + 10; round++) {
      while (this.network.length > 0) this.checked(() => this.deliver(false));
      this.turn(true, true);
      for (const request of this.requests) {
        const life = this.lives.get(request.runId);
        if (life === 'active') this.end(request);
        if (life === 'parked') this.comeBack(request);
        if (life === 'closing') this.lives.set(request.runId, 'closed');
      }
      if (this.places.isEmpty && this.network.length === 0) return;
    }
  }

  private get limit() {
    return { capacity: this.capacity, revision: 1 };
  }

  private begin(request: PlaceRequest): void {
    this.lives.set(request.runId, 'asking');
    this.network.push({ kind: 'ask', requests: [request] });
  }

  private giveUpAndBegin(request: PlaceRequest): void {
    this.network.push({ kind: 'update', requests: [request] });
    this.begin(request);
  }

  private end(request: PlaceRequest): void {
    this.lives.set(request.runId, 'closing');
    this.network.push({ kind: 'leave', requests: [request] });
  }

  private turnOf({ runId }: PlaceHolder): number {
    return this.turns.get(runId) ?? 0;
  }

  private park(request: PlaceRequest): void {
    const turn = this.turnOf(request) + 1;
    this.turns.set(request.runId, turn);
    this.lives.set(request.runId, 'parked');
    this.network.push({ kind: 'park', requests: [{ ...request, turn }] });
  }

  private comeBack(request: PlaceRequest): void {
    const turn = this.turnOf(request);
    this.lives.set(request.runId, 'returning');
    for (const kind of this.choose(3) === 0 ? (['update', 'ask'] as const) : (['ask'] as const))
      this.network.push({ kind, requests: [{ ...request, turn }] });
  }

  private deliver(mayRepeat = true): void {
    if (this.network.length === 0) return;
    const at = this.choose(this.network.length);
    const message = this.network[at]!;
    if (!mayRepeat || this.choose(4) !== 0) this.network.splice(at, 1);
    if (message.kind === 'ask') this.places.ask(message.requests, this.limit);
    else if (message.kind === 'update') this.places.ask(message.requests, this.limit, true);
    else if (message.kind === 'park')
      this.places.park(message.requests.map(({ turn = 0, ...holder }) => ({ ...holder, turn })));
    else this.places.leave(message.requests);
  }

  private hear({ runId }: PlaceHolder, word: string, turn = 0): void {
    const life = this.lives.get(runId);
    if (life === 'returning' && word === 'granted' && turn === this.turns.get(runId)) this.lives.set(runId, 'active');
    if (life !== 'new' && life !== 'asking') return;
    if (word === 'granted') this.lives.set(runId, 'active');
    else if (word === 'refused') this.lives.set(runId, 'refused');
    else if (word === 'evicted') this.lives.set(runId, 'closed');
    else this.lives.set(runId, 'asking');
  }

  /** What the workflow does with words and looks; some of it may not get through. */
  private turn(all: boolean, surely = false): void {
    const words = this.places.words().filter(() => surely || this.choose(5) !== 0);
    const gone: PlaceHolder[] = [];
    for (const { holder, word, turn } of words) {
      const life = this.lives.get(holder.runId)!;
      if (life === 'closed' || life === 'refused') gone.push(holder);
      else if (word === 'evicted' && life === 'active') this.lives.set(holder.runId, 'closing');
      else if (word === 'evicted' && (life === 'parked' || life === 'returning')) {
        // It has nothing to clean up, or does so in its place.
        if (this.choose(2) === 0) this.lives.set(holder.runId, 'closed');
        else if (life === 'parked') this.comeBack(this.requests.find(({ runId }) => runId === holder.runId)!);
      } else this.hear(holder, word, turn);
    }
    this.places.told(words);
    this.places.closed(gone);
    const looked = all ? [...this.places.holders(), ...this.places.away()] : this.places.leaving();
    this.places.closed(looked.filter(({ runId }) => this.lives.get(runId) === 'closed' || this.lives.get(runId) === 'refused'));
  }

  private checked(happens: () => void): void {
    const before = new Set(this.places.holders().map(({ runId }) => runId));
    happens();
    let load = 0;
    for (const { runId, weight = 1 } of this.requests) {
      const life = this.lives.get(runId);
      if (life === 'active' || life === 'closing') load += Math.min(weight, this.capacity);
    }
    ok(load <= this.capacity, `${load} of ${this.capacity} at work`);
    const view = this.places.view();
    ok(view.used <= this.capacity);
    const byId = new Map(this.requests.map((request) => [request.runId, request]));
    for (const { runId } of this.places.holders()) {
      if (before.has(runId)) continue;
      const granted = byId.get(runId)!;
      for (const next of view.next) {
        const waiting = byId.get(next.runId)!;
        const [better, worse] = [granted.priority ?? 3, waiting.priority ?? 3];
        ok(better < worse || (better === worse && granted.at <= waiting.at), `${runId} passed ${next.runId}`);
      }
    }
  }
}

const requestsOf = (onFull: PlaceRequest['onFull'][]) =>
  fc
    .array(
      fc.record({
        weight: fc.integer({ min: 1, max: 4 }),
        priority: fc.integer({ min: 1, max: 5 }),
        at: fc.integer({ min: 0, max: 5 }),
        onFull: fc.constantFrom(...onFull),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((all) => all.map((request, i): PlaceRequest => ({ ...request, runId: `run-${i}`, execution: 1 })));

function world(onFull: PlaceRequest['onFull'][]) {
  return fc
    .tuple(
      requestsOf(onFull),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 10, max: 120 }),
      fc.infiniteStream(fc.nat(1_000_000)),
    )
    .map(([requests, capacity, steps, numbers]) => ({
      steps,
      world: new World(requests, capacity, (among) => numbers.next().value! % among),
    }));
}

describe('places of a pool, whatever happens in whatever order', () => {
  const seed = propertySeed();

  it(`are never given to more than there is room for, pass nobody by, and lose nobody (seed ${seed})`, PATIENCE, () => {
    fc.assert(
      fc.property(world(['wait']), ({ steps, world }) => {
        for (let i = 0; i < steps; i++) world.step();
        world.settle();
        ok(world.places.isEmpty, 'somebody still waits or holds a place');
        for (const [runId, life] of world.lives) ok(life === 'closed', `${runId} is ${life}`);
      }),
      { numRuns: RUNS, seed },
    );
  });

  it(`hold with requests that are turned away or take the place of others (seed ${seed})`, PATIENCE, () => {
    fc.assert(
      fc.property(world(['wait', 'refuse', 'evict']), ({ steps, world }) => {
        for (let i = 0; i < steps; i++) world.step();
        world.settle();
        ok(world.places.isEmpty);
        for (const [runId, life] of world.lives) ok(life === 'closed' || life === 'refused', `${runId} is ${life}`);
      }),
      { numRuns: RUNS, seed },
    );
  });

  it(`are what they were after any change of hands (seed ${seed})`, PATIENCE, () => {
    fc.assert(
      fc.property(requestsOf(['wait', 'evict']), fc.integer({ min: 0, max: 5 }), (requests, capacity) => {
        const places = new Places();
        places.ask(requests, { capacity, revision: 1 });
        places.leave(requests.slice(0, 2));
        const again = new Places(places.snapshot());
        expect(again.snapshot()).toEqual(places.snapshot());
        expect(again.view()).toEqual(places.view());
      }),
      { numRuns: 500, seed },
    );
  });
});
