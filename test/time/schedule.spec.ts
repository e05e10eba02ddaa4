import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCron } from '../../src/dag/cron.js';
import { nextMatch } from '../../src/time/calendar.js';
import {
  dataIntervalOf,
  isNominalTime,
  lastCompleteInterval,
  nextTime,
  previousTime,
  type TimeSchedule,
  timesBetween,
} from '../../src/time/schedule.js';
import { Zone } from '../../src/time/zone.js';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const parameters = { seed, numRuns: 200 };

const cron = (timezone: string, ...texts: string[]): TimeSchedule => ({ kind: 'cron', timezone, crons: texts.map(parseCron) });
const ms = (text: string): number => Date.parse(text);
const text = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().replace('.000', '');
const between = (schedule: TimeSchedule, from: string, to: string): (string | undefined)[] =>
  timesBetween(schedule, ms(from), ms(to), 100).map(text);
const never: TimeSchedule = {
  kind: 'cron',
  timezone: 'America/New_York',
  crons: [{ minutes: [0], hours: [0], daysOfMonth: [30], months: [2], daysOfWeek: [0, 1, 2, 3, 4, 5, 6] }],
};

const zones = fc.constantFrom(
  'UTC',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'America/Havana',
  'Pacific/Chatham',
  'America/Caracas',
  'Antarctica/Troll',
);
const schedules: fc.Arbitrary<TimeSchedule> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        zones,
        fc.subarray(
          [
            '0 2 * * *',
            '*/30 * * * *',
            '5 0-3 * * *',
            '0 0 1 * *',
            '15 1,2 * * SUN',
            '0 0 29 2 *',
            '59 23 31 * *',
            '0 * * * 0-4',
            '20 */7 * * SAT',
          ],
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
      )
      .map(([zone, list]) => cron(zone, ...list)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 60, max: 100_000 }), fc.nat(59))
      .map(([every, offset]): TimeSchedule => ({ kind: 'interval', everyMs: every * 1000, offsetMs: offset * 1000 })),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.integer({ min: 0, max: 4_000_000_000 }), { minLength: 1, maxLength: 5 })
      .map((at): TimeSchedule => ({ kind: 'at', at: at.map((second) => second * 1000) })),
  },
);
/** Half of them within hours of a change of clocks. */
const instants = fc.oneof(
  fc.integer({ min: ms('1975-01-01T00:00:00Z'), max: ms('2090-01-01T00:00:00Z') }),
  fc
    .tuple(
      fc.constantFrom(
        '2025-03-09T05:00:00Z',
        '2025-03-09T07:00:00Z',
        '2025-11-02T06:00:00Z',
        '2025-03-30T01:00:00Z',
        '2025-10-26T01:00:00Z',
        '2025-04-05T15:00:00Z',
        '2016-05-01T07:00:00Z',
      ),
      fc.integer({ min: -40_000, max: 120_000 }),
    )
    .map(([change, seconds]) => ms(change) + seconds * 1000),
);

describe(`schedules by time (FC_SEED=${seed})`, () => {
  it('lead back with previous to where next came from', () => {
    fc.assert(
      fc.property(schedules, instants, (schedule, instant) => {
        const [before, after] = [previousTime(schedule, instant), nextTime(schedule, instant)];
        if (after !== undefined) {
          expect(after).toBeGreaterThan(instant);
          expect(isNominalTime(schedule, after)).toBe(true);
          // Between the two there is nothing but perhaps the instant itself.
          expect(previousTime(schedule, after)).toBe(isNominalTime(schedule, instant) ? instant : before);
        }
        if (before !== undefined) {
          expect(before).toBeLessThan(instant);
          expect(isNominalTime(schedule, before)).toBe(true);
          expect(nextTime(schedule, before)).toBe(isNominalTime(schedule, instant) ? instant : after);
        }
      }),
      parameters,
    );
  });

  it('never go back when the instant goes on', () => {
    fc.assert(
      fc.property(schedules, instants, fc.nat(20_000_000), (schedule, instant, more) => {
        expect(nextTime(schedule, instant + more) ?? Infinity).toBeGreaterThanOrEqual(nextTime(schedule, instant) ?? Infinity);
        expect(previousTime(schedule, instant + more) ?? -Infinity).toBeGreaterThanOrEqual(
          previousTime(schedule, instant) ?? -Infinity,
        );
      }),
      parameters,
    );
  });

  it('make data intervals that lie end to end', () => {
    fc.assert(
      fc.property(schedules, instants, (schedule, instant) => {
        const time = nextTime(schedule, instant);
        const following = time === undefined ? undefined : nextTime(schedule, time);
        if (time === undefined || following === undefined) return;
        expect(dataIntervalOf(schedule, following).start).toBe(time);
        expect(lastCompleteInterval(schedule, following)).toEqual({ start: time, end: following });
        expect(lastCompleteInterval(schedule, following - 1)).toEqual(dataIntervalOf(schedule, time));
      }),
      parameters,
    );
  });
});

describe('changes of the clock', () => {
  it('leave out the hour that is missing', () => {
    expect(between(cron('Europe/Berlin', '30 2 * * *'), '2025-03-29T00:00:00Z', '2025-04-01T00:00:00Z')).toEqual([
      '2025-03-29T01:30:00Z',
      '2025-03-31T00:30:00Z',
    ]);
    expect(between(cron('America/New_York', '30 2 * * *'), '2025-03-08T00:00:00Z', '2025-03-11T00:00:00Z')).toEqual([
      '2025-03-08T07:30:00Z',
      '2025-03-10T06:30:00Z',
    ]);
  });

  it('take the second of the doubled hour in Europe and both in America, as the Temporal server does', () => {
    expect(between(cron('Europe/Berlin', '30 2 * * *'), '2025-10-26T00:00:00Z', '2025-10-27T00:00:00Z')).toEqual([
      '2025-10-26T01:30:00Z',
    ]);
    expect(between(cron('America/New_York', '30 1 * * *'), '2025-11-02T00:00:00Z', '2025-11-03T00:00:00Z')).toEqual([
      '2025-11-02T05:30:00Z',
      '2025-11-02T06:30:00Z',
    ]);
    expect(between(cron('Europe/Berlin', '@hourly'), '2025-10-25T23:00:00Z', '2025-10-26T03:00:00Z')).toEqual([
      '2025-10-25T23:00:00Z',
      '2025-10-26T00:00:00Z',
      '2025-10-26T02:00:00Z',
    ]);
  });

  it('leave out the rest of a day whose midnight is missing and whose weekday is asked for, as the Temporal server does', () => {
    const noonOfSunday = cron('America/Havana', '0 12 * * SUN');
    expect(between(noonOfSunday, '2025-03-01T00:00:00Z', '2025-03-20T00:00:00Z')).toEqual([
      '2025-03-02T17:00:00Z',
      '2025-03-16T16:00:00Z',
    ]);
    expect(text(previousTime(noonOfSunday, ms('2025-03-09T20:00:00Z')))).toBe('2025-03-02T17:00:00Z');
  });

  it('give the same times wherever the question starts', () => {
    const schedule = cron('Europe/Berlin', '*/10 * * * *');
    const times = timesBetween(schedule, ms('2025-10-25T20:00:00Z'), ms('2025-10-26T06:00:00Z'), 100);
    for (let instant = ms('2025-10-25T23:00:00Z'); instant < ms('2025-10-26T03:00:00Z'); instant += 60_000) {
      expect(text(nextTime(schedule, instant))).toBe(text(times.find((time) => time > instant)));
      expect(text(previousTime(schedule, instant))).toBe(text(times.findLast((time) => time < instant)));
    }
  });

  it('never turn the search back, even where the clock leaves out half an hour', () => {
    const zone = Zone.of('America/Caracas');
    for (let second = ms('2016-05-01T05:00:00Z') / 1000; second < ms('2016-05-01T09:00:00Z') / 1000; second += 60) {
      for (const each of ['* * * * *', '30 * * * *', '30 2 * * *'])
        expect(nextMatch(parseCron(each), zone, second)).toBeGreaterThan(second);
    }
  });
});

describe('times that are rare', () => {
  it('that never come are told in a moment', () => {
    expect([nextTime(never, ms('2026-01-01T00:00:00Z')), previousTime(never, ms('2026-01-01T00:00:00Z'))]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('are found decades away', () => {
    const leap = cron('UTC', '0 0 29 2 MON');
    expect(text(nextTime(leap, ms('2026-01-01T00:00:00Z')))).toBe('2044-02-29T00:00:00Z');
    expect(text(previousTime(leap, ms('2026-01-01T00:00:00Z')))).toBe('2016-02-29T00:00:00Z');
  });

  it('demand the day of the month AND the day of the week', () => {
    expect(between(cron('UTC', '0 0 1 * MON'), '2025-01-01T00:00:00Z', '2026-12-31T00:00:00Z')).toEqual([
      '2025-09-01T00:00:00Z',
      '2025-12-01T00:00:00Z',
      '2026-06-01T00:00:00Z',
    ]);
  });

  it('end with the years that the server knows', () => {
    expect(nextTime(cron('UTC', '@yearly'), ms('2100-06-01T00:00:00Z'))).toBeUndefined();
    expect(previousTime(cron('UTC', '@yearly'), ms('1970-01-01T00:00:00Z'))).toBeUndefined();
    expect(previousTime(cron('UTC', '@yearly'), ms('1970-01-01T00:00:01Z'))).toBe(0);
    expect(nextTime({ kind: 'interval', everyMs: 1000, offsetMs: 0 }, ms('2101-01-01T00:00:00Z'))).toBeUndefined();
    expect(text(previousTime({ kind: 'interval', everyMs: 86_400_000, offsetMs: 0 }, ms('2300-01-01T00:00:00Z')))).toBe(
      '2100-12-31T00:00:00Z',
    );
  });
});

describe('intervals and moments', () => {
  it('count intervals from the epoch', () => {
    const schedule: TimeSchedule = { kind: 'interval', everyMs: 6 * 3_600_000, offsetMs: 600_000 };
    expect(between(schedule, '2025-01-01T00:10:00Z', '2025-01-01T12:10:00Z')).toEqual([
      '2025-01-01T00:10:00Z',
      '2025-01-01T06:10:00Z',
    ]);
    expect(text(previousTime(schedule, ms('2025-01-01T00:10:00Z')))).toBe('2024-12-31T18:10:00Z');
  });

  it('take moments in any order, each once', () => {
    const [one, two] = [ms('2025-01-01T00:00:00Z'), ms('2025-02-01T00:00:00Z')];
    const schedule: TimeSchedule = { kind: 'at', at: [two, one, two] };
    expect(timesBetween(schedule, 0, ms('2030-01-01T00:00:00Z'), 10)).toEqual([one, two]);
    expect(nextTime(schedule, two)).toBeUndefined();
    expect(previousTime(schedule, one)).toBeUndefined();
    expect(dataIntervalOf(schedule, one)).toEqual({ start: one, end: one });
    expect(dataIntervalOf(schedule, two)).toEqual({ start: one, end: two });
  });
});

describe('the zone of the host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-time-'));
  const root = resolve(import.meta.dirname, '../..');

  beforeAll(() => {
    for (const name of readdirSync(join(root, 'src/time'))) {
      const { outputText } = ts.transpileModule(readFileSync(join(root, 'src/time', name), 'utf8'), {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), outputText);
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(
      join(folder, 'main.js'),
      `import { timesBetween, previousTime } from './schedule.js';
       import { parseTimeBound } from './instant.js';
       import { datesOfRun } from './dates-of-run.js';
       const answers = [process.env.TZ === new Intl.DateTimeFormat().resolvedOptions().timeZone];
       for (const timezone of ['America/St_Johns', 'Europe/Berlin', 'UTC']) {
         const schedule = { kind: 'cron', timezone, crons: [${JSON.stringify(parseCron('*/45 0-3 * * *'))}] };
         const times = [...timesBetween(schedule, ${ms('2025-03-06T00:00:00Z')}, ${ms('2025-04-02T00:00:00Z')}, 1000), ...timesBetween(schedule, ${ms('2025-10-24T00:00:00Z')}, ${ms('2025-11-04T00:00:00Z')}, 1000)];
         answers.push(times, times.map((time) => previousTime(schedule, time)), parseTimeBound('2025-03-09', timezone), datesOfRun({ schedule, now: ${ms('2025-03-10T02:15:00Z')} }));
       }
       console.log(JSON.stringify(answers));`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('changes nothing', () => {
    const [utc, newfoundland] = ['UTC', 'America/St_Johns'].map((TZ) =>
      execFileSync(process.execPath, [join(folder, 'main.js')], { env: { ...process.env, TZ }, encoding: 'utf8' }),
    );
    expect(newfoundland).toBe(utc);
    expect(utc).toMatch(/^\[true,\[\d+,/);
  });
});
