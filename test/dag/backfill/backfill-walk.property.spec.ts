import { equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { OutReason, PlannedInterval, PlanPage } from '../../../src/dag/backfill/backfill.js';
import {
  type BackfillStep,
  type BackfillTerms,
  BackfillWalk,
  type BackfillWork,
  type RunSeen,
} from '../../../src/dag/backfill/backfill-walk.js';
import type { ValidationSeen, ValidationWork } from '../../../src/dag/backfill/chunk-validation.js';
import type { PlaceHolder } from '../../../src/dag/pool/place.js';
import { Places } from '../../../src/dag/pool/places.js';
import { propertyRuns, propertySeed } from '../../support/property-seed.js';

const RUNS = propertyRuns(2_000);
/** Far beyond what they take: the machine may be busy. */
const PATIENCE = { timeout: 180_000 };
const REPLY = 'backfill:x';
const PAGE = 4;

interface Run {
  readonly ours: boolean;
  state: 'open' | 'success' | 'failed' | 'cancelled';
}

/** A backfill, a real pool, runs of it and of others, and steps whose outcome may be lost or late. */
class World {
  walk: BackfillWalk;
  places = new Places();
  readonly runs = new Map<number, Run>();
  /** Runs of validations, by chunk and attempt, and the intervals that those which succeeded were about. */
  readonly validations = new Map<string, Run>();
  readonly validated = new Set<number>();
  private pending?: { readonly work: BackfillWork; readonly step: BackfillStep };

  constructor(
    readonly terms: BackfillTerms,
    readonly capacity: number,
    /** A number from 0 to before its argument. */
    private readonly choose: (among: number) => number,
  ) {
    this.walk = new BackfillWalk(terms);
  }

  /** One thing that happens, whatever is possible now. */
  step(): void {
    switch (this.choose(12)) {
      case 0:
      case 1:
      case 2:
        if (this.pending === undefined && this.walk.hasWork) this.begin();
        break;
      case 3:
      case 4:
        // What was done is done, though nobody hears of it.
        if (this.choose(5) === 0) this.pending = undefined;
        else this.deliver();
        break;
      case 5:
      case 6:
        this.endOne(this.choose(3) === 0 ? 'failed' : 'success');
        this.endValidation(this.choose(3) === 0 ? 'failed' : 'success');
        break;
      case 7:
        this.turn(this.choose(3) === 0, this.choose(4) === 0);
        break;
      case 8: {
        const time = 1 + this.choose(this.terms.total);
        if (this.choose(3) === 0 && !this.runs.has(time)) this.runs.set(time, { ours: false, state: 'open' });
        break;
      }
      case 9:
        this.choose(2) === 0 ? this.walk.pause() : this.walk.resume();
        break;
      case 10:
        if (this.pending === undefined)
          this.walk = new BackfillWalk(this.terms, JSON.parse(JSON.stringify(this.walk.snapshot())));
        break;
      default:
        if (this.choose(4) === 0) this.walk.lookAtAll();
    }
  }

  /** Everything comes to its end. */
  settle(): void {
    for (let round = 0; this.walk.outcome === undefined && round < 20 * this.terms.total + 50; round++) {
      this.walk.resume();
      this.deliver();
      for (let steps = 0; this.walk.hasWork; steps++) {
        ok(steps < 1_000, 'it goes in circles');
        this.begin();
        this.deliver();
      }
      this.turn(true, false);
      this.endOne('success');
      this.endValidation('success');
      this.walk.lookAtAll();
    }
  }

  private endValidation(state: 'success' | 'failed' | 'cancelled'): void {
    for (const run of this.validations.values()) {
      if (run.state !== 'open') continue;
      run.state = state;
      if (this.choose(4) > 0) this.walk.hearOfValidation();
    }
  }

  /** Its place comes late now and then, or the word of it is lost. */
  private validate(work: ValidationWork): ValidationSeen {
    const { chunk, attempt, act, first, last } = work;
    const id = `${chunk}-${attempt}`;
    const seen = { runId: id, from: first, to: last };
    if (act === 'cancel') this.endValidation('cancelled');
    const known = this.validations.get(id);
    if (known === undefined && act !== 'begin') return { ...seen, state: 'none' };
    if (known === undefined && this.choose(3) === 0) {
      if (this.choose(2) === 0) this.walk.hearOfValidation();
      return { ...seen, state: 'waiting' };
    }
    if (known === undefined) {
      ok(
        [...this.runs.values()].every(({ ours, state }) => !ours || state !== 'open'),
        'validated while runs are at work',
      );
      ok(
        [...this.validations.values()].every(({ state }) => state !== 'open'),
        'validated twice at once',
      );
      this.validations.set(id, { ours: true, state: 'open' });
      return { ...seen, state: 'running' };
    }
    if (known.state === 'open') return { ...seen, state: 'running' };
    if (known.state === 'success')
      for (const [time, { ours }] of this.runs) if (ours && time >= first && time <= last) this.validated.add(time);
    return { ...seen, state: known.state };
  }

  private begin(): void {
    const work = this.walk.work();
    this.pending = { work, step: this.advance(work) };
  }

  private deliver(): void {
    if (this.pending === undefined) return;
    const { work, step } = this.pending;
    this.pending = undefined;
    this.walk.did(work, step);
  }

  private advance(work: BackfillWork): BackfillStep {
    this.places.leave(work.leave.map(holderOf));
    for (const { time } of work.cancel) {
      const run = this.runs.get(time);
      if (run?.ours && run.state === 'open') this.end(time, 'cancelled');
    }
    const seen = work.look.map(({ time }): RunSeen => {
      const run = this.runs.get(time);
      return run === undefined ? 'none' : run.ours ? run.state : 'elsewhere';
    });
    const failed = seen.filter((state) => state === 'failed').length;
    if (failed > 0 && failed > (work.failuresLeft ?? Infinity)) return { seen, started: [], granted: [] };
    const validation = work.validation && this.validate(work.validation);
    const started = work.start.map(({ time }) => this.start(time));
    const page = work.plan && this.page(work.plan.after ?? 0);
    const requests = work.ask.map((interval) => ({ ...holderOf(interval), at: 0, priority: 5 }));
    const share = work.share && { reply: REPLY, ...work.share };
    const answers = this.places.ask(requests, { capacity: this.capacity, revision: 1 }, true, share);
    return { seen, started, granted: answers.map(({ state }) => state === 'granted'), validation, ...(page ? { page } : {}) };
  }

  private start(time: number): 'started' | 'elsewhere' {
    const run = this.runs.get(time);
    if (run !== undefined) return run.ours ? 'started' : 'elsewhere';
    this.runs.set(time, { ours: true, state: 'open' });
    const open = [...this.runs.values()].filter(({ ours, state }) => ours && state === 'open').length;
    ok(open <= this.capacity, `${open} of ${this.capacity} at work`);
    ok(open <= this.terms.maxActiveRuns, `${open} at work, more than maxActiveRuns of ${this.terms.maxActiveRuns}`);
    ok(open <= (this.terms.chunk ?? Infinity), `${open} at work, more than a chunk of ${this.terms.chunk}`);
    const unvalidated = [...this.runs].filter(([other, { ours }]) => ours && !this.validated.has(other)).length;
    if (this.terms.validated === true)
      ok(unvalidated <= (this.terms.chunk ?? Infinity), `${unvalidated} are not validated, more than a chunk`);
    return 'started';
  }

  private page(after: number): PlanPage {
    const intervals: PlannedInterval[] = [];
    const out: { [reason in OutReason]?: number } = {};
    let time = after;
    for (let i = 0; i < PAGE && time < this.terms.total; i++) {
      time++;
      if (this.runs.has(time)) out.has_run = (out.has_run ?? 0) + 1;
      else intervals.push({ time, execution: 1 });
    }
    return { intervals, out, ...(time < this.terms.total ? { next: time } : {}) };
  }

  private endOne(state: 'success' | 'failed'): void {
    const open = [...this.runs].filter(([, run]) => run.state === 'open').map(([time]) => time);
    if (open.length > 0) this.end(open[this.choose(open.length)]!, state);
  }

  private end(time: number, state: 'success' | 'failed' | 'cancelled'): void {
    this.runs.get(time)!.state = state;
    this.places.leave([{ runId: String(time), execution: 1 }]);
  }

  /** What the workflow of the pool does; words may arrive twice. */
  private turn(all: boolean, twice: boolean): void {
    const words = this.places.words();
    for (const { holder, word } of twice ? [...words, ...words] : words) {
      ok(word === 'granted' || word === 'closed');
      this.walk.hear({ time: Number(holder.runId), execution: holder.execution }, word);
    }
    this.places.told(words);
    const leaving = new Set(this.places.leaving().map(({ runId }) => runId));
    const looked = all ? this.places.holders() : this.places.leaving();
    const isClosed = ({ runId }: PlaceHolder): boolean => {
      const run = this.runs.get(Number(runId));
      return run === undefined ? leaving.has(runId) : run.state !== 'open';
    };
    this.places.closed(looked.filter(isClosed));
  }
}

const holderOf = ({ time, execution }: PlannedInterval): PlaceHolder => ({ runId: String(time), execution, reply: REPLY });

const worlds = fc
  .record({
    total: fc.integer({ min: 1, max: 20 }),
    maxActiveRuns: fc.integer({ min: 1, max: 6 }),
    chunk: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    failureBudget: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    validated: fc.option(fc.constant(true as const), { nil: undefined }),
    capacity: fc.integer({ min: 1, max: 6 }),
    steps: fc.integer({ min: 10, max: 250 }),
    numbers: fc.infiniteStream(fc.nat(1_000_000)),
  })
  .map(({ capacity, steps, numbers, ...terms }) => ({
    steps,
    world: new World(terms, capacity, (among) => numbers.next().value! % among),
  }));

describe('a backfill, whatever happens in whatever order', () => {
  const seed = propertySeed();

  it(`runs every interval once that nobody else runs, within its limits, and counts right (seed ${seed})`, PATIENCE, () => {
    fc.assert(
      fc.property(worlds, ({ steps, world }) => {
        for (let i = 0; i < steps; i++) world.step();
        world.settle();
        const { walk, terms, runs, places } = world;
        const runsOf = (state: Run['state']) => [...runs.values()].filter((run) => run.ours && run.state === state).length;
        const { out, ...progress } = walk.progress(0);
        equal(walk.outcome, runsOf('failed') > 0 ? 'failed' : 'success');
        equal(runs.size, terms.total, 'an interval without a run');
        equal(progress.success, runsOf('success'));
        equal(progress.failed, runsOf('failed'));
        equal(progress.success + progress.failed + (out.has_run ?? 0), terms.total);
        equal(progress.left, 0);
        const unvalidated = [...runs].filter(([time, { ours }]) => ours && !world.validated.has(time));
        if (terms.validated === true) equal(unvalidated.length, 0, 'intervals that were not validated');
        // Whoever else has a run of it keeps its place; none of ours does.
        for (let i = 0; i < 3; i++)
          places.closed(places.holders().filter(({ runId }) => runs.get(Number(runId))?.state !== 'open'));
        ok(
          places.holders().every(({ runId }) => runs.get(Number(runId))!.ours === false),
          'a place is kept for nothing',
        );
      }),
      { numRuns: RUNS, seed },
    );
  });

  it(`that is cancelled starts nothing more, and ends when its runs are over (seed ${seed})`, PATIENCE, () => {
    fc.assert(
      fc.property(worlds, fc.constantFrom('finish', 'cancel'), ({ steps, world }, how) => {
        for (let i = 0; i < steps; i++) world.step();
        world.walk.cancel(how);
        world.settle();
        equal(world.walk.outcome, 'cancelled');
        for (const { ours, state } of [...world.runs.values(), ...world.validations.values()])
          ok(!ours || state !== 'open', 'a run was forgotten');
      }),
      { numRuns: RUNS, seed },
    );
  });
});
