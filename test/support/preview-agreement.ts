import { randomUUID } from 'node:crypto';
import type { ScheduleOptions } from '@temporalio/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCron } from '../../src/dag/cron.js';
import type { DagSpec } from '../../src/dag/spec.js';
import { scheduleOptions } from '../../src/temporal/schedule-options.js';
import { timeScheduleOf, windowOfSpec } from '../../src/temporal/time-schedule.js';
import { timesBefore, timesWithin } from '../../src/time/window.js';
import { dagScheduleId } from '../../workflows/contract.js';
import { storeDag } from './store-dag.js';
import { TemporalHarness } from './temporal-harness.js';

/** Zones with and without daylight saving: an hour, half an hour, at midnight, both hemispheres, odd offsets. */
const ZONES = [
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'America/Havana',
  'Pacific/Chatham',
  'America/St_Johns',
  'Asia/Kolkata',
] as const;

const part = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min, max }).map(String) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map((ends) => `${Math.min(...ends)}-${Math.max(...ends)}`),
    },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: Math.min(30, max - min) }).map((step) => `*/${step}`) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.integer({ min, max }), fc.integer({ min: 1, max: 5 })).map(([from, step]) => `${from}/${step}`),
    },
  );
const field = (min: number, max: number, star: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: star, arbitrary: fc.constant('*') },
    { weight: 3, arbitrary: fc.array(part(min, max), { minLength: 1, maxLength: 3 }).map((parts) => parts.join(',')) },
  );

/** Mostly hours of the night, where zones change their offset, and minutes far enough apart. */
const crons = fc
  .tuple(
    fc.oneof(fc.constantFrom('0', '15', '30', '*/10', '*/20', '5,35', '59'), part(0, 59)),
    fc.oneof(fc.constantFrom('*', '0', '1', '2', '3', '0-3', '1,2', '*/2', '23', '2-22/5'), part(0, 23)),
    field(1, 31, 8),
    field(1, 12, 12),
    field(0, 7, 8),
  )
  .map((fields) => fields.join(' '))
  .filter((text) => {
    try {
      return parseCron(text) !== undefined;
    } catch {
      return false;
    }
  });

const days = (from: string, count: number): readonly [number, number] => [
  Date.parse(from),
  Date.parse(from) + count * 86_400_000,
];
/** Around every change of 2025 in the zones above, and a stretch without any. */
const WINDOWS = [
  days('2025-03-06T17:30:31Z', 5),
  days('2025-03-28T12:00:00Z', 4),
  days('2025-04-03T12:00:00Z', 4),
  days('2025-09-25T12:00:00Z', 4),
  days('2025-10-02T12:00:00Z', 4),
  days('2025-10-24T12:00:00Z', 4),
  days('2025-10-31T12:00:00Z', 4),
  days('2028-02-25T11:11:11Z', 10),
];
/** The server names at most 1,000 times in an answer. */
const LIMIT = 1_000;

const stamp = (ms: number): { seconds: never } => ({ seconds: (ms / 1000) as never });
const texts = (times: readonly number[]): string[] => times.map((time) => new Date(time).toISOString());

type Timing = Pick<DagSpec, 'schedule' | 'timezone' | 'startDate' | 'endDate'>;

/**
 * Tests that what is foretold is what the Temporal server says, and what its Schedules fire: for `pairs` random crons and zones, and for
 * the other forms. The process, and the server with it, run in each of two time zones.
 */
export function previewAgreement({
  pairs,
  seed,
  zones,
}: {
  readonly pairs: number;
  readonly seed: number;
  readonly zones: number;
}) {
  describe.each(['America/Los_Angeles', 'Asia/Kathmandu'])(`in a process whose zone is %s (FC_SEED=${seed})`, (host) => {
    const before = process.env.TZ;
    let temporal: TemporalHarness;
    beforeAll(async () => {
      process.env.TZ = host;
      temporal = await TemporalHarness.start();
    }, 120_000);
    afterAll(async () => {
      await temporal?.stop();
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    });

    const matching = async (scheduleId: string, [from, to]: readonly [number, number]): Promise<number[]> => {
      const { namespace, client } = temporal.connection;
      const { startTime } = await client.workflowService.listScheduleMatchingTimes({
        namespace,
        scheduleId,
        startTime: stamp(from),
        endTime: stamp(to),
      });
      return startTime.map(({ seconds }) => Number(seconds) * 1000).filter((time) => time > from && time < to);
    };

    /** The times of a DAG by our rules, beside those of the Schedule that it is given. */
    async function expectSame(timing: Timing): Promise<void> {
      const spec: DagSpec = { ...timing, id: `times-${randomUUID()}`, tasks: {} };
      const times = timeScheduleOf(spec)!;
      const window = windowOfSpec(spec, times) ?? { first: 1, last: 0 };
      const options: ScheduleOptions = scheduleOptions(spec, { pausedAt: 0 }, 'nobody');
      const { schedule } = temporal.connection.client;
      const asked = Date.now();
      const handle = await schedule.create(options);
      try {
        const { nextActionTimes } = (await handle.describe()).info;
        const theirs = nextActionTimes.map((time) => time.getTime());
        // A time may come and go between the two questions.
        const first = [asked, Date.now()].map((now) => timesWithin(times, window, { from: now + 1, to: Infinity }, 1)[0]);
        expect(first).toContain(theirs[0]);
        if (theirs[0] !== undefined)
          expect(texts(theirs)).toEqual(texts(timesWithin(times, window, { from: theirs[0], to: Infinity }, theirs.length)));
        for (const [from, to] of WINDOWS) {
          const ours = timesWithin(times, window, { from: from + 1000, to }, LIMIT);
          expect(texts(ours)).toEqual(texts(await matching(options.scheduleId, [from, to])).slice(0, LIMIT));
          // Backwards they are the same.
          expect(texts(timesBefore(times, window, to, Math.min(50, ours.length)))).toEqual(
            texts(timesWithin(times, window, { from: from + 1000, to }, 20_000).slice(-50)),
          );
        }
      } finally {
        await handle.delete();
      }
    }

    it('the process keeps that time', () => {
      expect(new Date(Date.UTC(2025, 0, 1)).getTimezoneOffset()).toBe(host === 'Asia/Kathmandu' ? -345 : 480);
    });

    it(`${pairs} random crons in ${ZONES.length} zones come when Temporal says, around daylight saving`, async () => {
      await fc.assert(
        fc.asyncProperty(crons, fc.constantFrom(...ZONES), (schedule, timezone) => expectSame({ schedule, timezone })),
        { seed, numRuns: pairs, endOnFailure: true },
      );
    }, 600_000);

    it.each<[string, Timing]>([
      ['a night without its hour', { schedule: '30 2 * * *', timezone: 'Europe/Berlin' }],
      ['a night with an hour twice', { schedule: '30 1,2 * * *', timezone: 'America/New_York' }],
      ['a day without midnight', { schedule: '0 0 * * SUN', timezone: 'America/Havana' }],
      ['half an hour', { schedule: '*/15 * * * *', timezone: 'Australia/Lord_Howe' }],
      ['leap days', { schedule: '0 0 29 2 *', timezone: 'UTC' }],
      ['a list of crons', { schedule: { cron: ['0 2 * * *', '*/40 1-3 * * *', '@hourly'], timezone: 'Europe/Berlin' } }],
      ['a beat', { schedule: { every: '90m' } }],
      ['a beat that is moved on', { schedule: { every: '7h', offset: '1h0m1s' } }],
      ['moments', { schedule: { at: ['2025-03-30', '2025-03-30T01:00:01Z', '2090-01-01'] }, timezone: 'America/Havana' }],
      [
        'days that are bounded',
        { schedule: '@daily', timezone: 'Europe/Berlin', startDate: '2025-03-29', endDate: '2025-10-26' },
      ],
      ['bounds that leave nothing', { schedule: '@yearly', startDate: '2025-02-01', endDate: '2025-03-01' }],
    ])('%s', (_name, timing) => expectSame(timing));

    it(`the runs that are fired around daylight saving have the intervals between Temporal's own times`, async () => {
      await temporal.work();
      for (const [n, timezone] of ZONES.slice(0, zones).entries()) {
        const dagId = `fired-${n}`;
        await storeDag(
          temporal,
          `id: ${dagId}\nschedule: { cron: "*/30 0-3 * * *", timezone: ${timezone} }\ntasks: { a: { type: noop } }\n`,
        );
        const scheduleId = dagScheduleId(dagId);
        const [start, end] = WINDOWS[[0, 1, 2, 0, 3, 0, 1][n]!]!;
        const theirs = await matching(scheduleId, [start, end]);
        const handle = temporal.connection.client.schedule.getHandle(scheduleId);
        await handle.backfill({ start: new Date(theirs[0]! - 500), end: new Date(end), overlap: 'ALLOW_ALL' });
        const runs = async () => (await temporal.runs.list({ dagId, state: 'success', limit: 200 })).items;
        await expect.poll(async () => (await runs()).length, { timeout: 120_000 }).toBe(theirs.length);
        const intervals = (await runs()).map(({ run }) => run.scope.dataInterval).sort((a, b) => (a.end < b.end ? -1 : 1));
        const [, ...later] = intervals;
        expect(later.map((interval) => [interval.start, interval.end])).toEqual(
          theirs.slice(1).map((time, i) => texts([theirs[i]!, time]).map((text) => text.replace('.000', ''))),
        );
      }
    }, 600_000);
  });
}

/** The seed of this run, printed with the tests. Set FC_SEED to try one again. */
export const previewSeed = (): number => Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
