import { randomUUID } from 'node:crypto';
import type { temporal } from '@temporalio/proto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCron } from '../../src/dag/cron.js';
import { previousTime, type TimeSchedule, timesBetween } from '../../src/time/schedule.js';
import { type TemporalServer, temporalServer } from './temporal-server.js';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const pairs = Number(process.env.BATON_TEST_CRON_PAIRS ?? 60);

/** Zones with and without daylight saving: an hour, half an hour, at midnight, both hemispheres, odd offsets. */
const ZONES = (
  process.env.BATON_TEST_ZONES ??
  'America/New_York,Europe/Berlin,Australia/Lord_Howe,America/Havana,Pacific/Chatham,America/St_Johns,Asia/Kolkata'
).split(',');

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
  .map((fields) => fields.join(' '));

let server: TemporalServer;
beforeAll(async () => {
  server = await temporalServer();
}, 60_000);
afterAll(() => server?.close());

/** The times that the server itself names in (from, to), epoch ms. */
async function serverTimes(
  spec: temporal.api.schedule.v1.IScheduleSpec,
  windows: readonly (readonly [number, number])[],
): Promise<number[][]> {
  const { workflowService } = server.connection;
  const which = { namespace: server.namespace, scheduleId: `times-${randomUUID()}` };
  await workflowService.createSchedule({
    ...which,
    requestId: randomUUID(),
    schedule: {
      spec,
      state: { paused: true },
      action: { startWorkflow: { workflowId: which.scheduleId, workflowType: { name: 'none' }, taskQueue: { name: 'none' } } },
    },
  });
  try {
    const answers: number[][] = [];
    for (const [from, to] of windows) {
      const { startTime } = await workflowService.listScheduleMatchingTimes({
        ...which,
        startTime: stamp(from),
        endTime: stamp(to),
      });
      answers.push(startTime.map(({ seconds }) => Number(seconds) * 1000).filter((time) => time > from && time < to));
    }
    return answers;
  } finally {
    await workflowService.deleteSchedule(which);
  }
}

const stamp = (ms: number): { seconds: never } => ({ seconds: (ms / 1000) as never });
const days = (from: string, count: number): readonly [number, number] => [
  Date.parse(from),
  Date.parse(from) + count * 86_400_000,
];
const texts = (times: readonly number[]): string[] => times.map((time) => new Date(time).toISOString());
const cronSchedule = (timezone: string, ...texts: string[]): TimeSchedule => ({
  kind: 'cron',
  timezone,
  crons: texts.map(parseCron),
});

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

async function expectSame(schedule: TimeSchedule, spec: temporal.api.schedule.v1.IScheduleSpec): Promise<void> {
  const theirs = await serverTimes(spec, WINDOWS);
  WINDOWS.forEach(([from, to], index) => {
    const ours = timesBetween(schedule, from + 1000, to, LIMIT);
    expect(texts(ours)).toEqual(texts(theirs[index]!).slice(0, LIMIT));
    // Backwards it must be the same times.
    for (let at = ours.length - 1; at > Math.max(0, ours.length - 200); at--)
      expect(previousTime(schedule, ours[at]!)).toBe(ours[at - 1]);
  });
}

describe(`the times of a schedule are those of the Temporal server (FC_SEED=${seed})`, () => {
  it(`for ${pairs} random crons in ${ZONES.length} zones around daylight saving`, async () => {
    await fc.assert(
      fc.asyncProperty(crons, fc.constantFrom(...ZONES), async (text, timezone) => {
        try {
          parseCron(text);
        } catch {
          return fc.pre(false);
        }
        await expectSame(cronSchedule(timezone, text), { cronString: [parseCron(text).text], timezoneName: timezone });
      }),
      { seed, numRuns: pairs, endOnFailure: false },
    );
  }, 300_000);

  it.each([
    ['Europe/Berlin', '30 2 * * *'],
    ['Europe/Berlin', '*/10 * * * *'],
    ['America/New_York', '30 1,2 * * *'],
    ['America/Havana', '0 0 * * SUN'],
    ['America/Havana', '0 12 * * SUN'],
    ['Australia/Lord_Howe', '*/15 * * * *'],
    ['UTC', '0 0 1 * MON'],
    ['UTC', '0 0 29 2 *'],
  ])(
    'in %s for %s',
    async (timezone, text) => {
      await expectSame(cronSchedule(timezone, text), { cronString: [parseCron(text).text], timezoneName: timezone });
    },
    60_000,
  );

  it('for a list of crons', async () => {
    const list = ['0 2 * * *', '*/40 1-3 * * *', '@hourly'];
    await expectSame(cronSchedule('Europe/Berlin', ...list), {
      cronString: list.map((text) => parseCron(text).text),
      timezoneName: 'Europe/Berlin',
    });
  }, 60_000);

  it.each([
    [90 * 60, 0],
    [7 * 3600, 3601],
    [86_400 * 7, 86_400 * 4 + 5],
  ])(
    'for every %i s moved on by %i s',
    async (every, offset) => {
      await expectSame(
        { kind: 'interval', everyMs: every * 1000, offsetMs: offset * 1000 },
        { interval: [{ interval: { seconds: every as never }, phase: { seconds: offset as never } }] },
      );
    },
    60_000,
  );
});
