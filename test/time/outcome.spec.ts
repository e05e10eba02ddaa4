import { describe, expect, it } from 'vitest';
import { gapsIn, inForceFrom, type Outcome, outcomeOf, type PastOfSchedule, withBuffered } from '../../src/time/outcome.js';

describe('a schedule is in force', () => {
  it.each<[string, number | undefined, number]>([
    ['from its Temporal Schedule on, which comes a moment after the DAG', 105, 105],
    ['from its Temporal Schedule on, at the latest that moment', 110, 110],
    ['from the DAG on, where Temporal had it late: what it did not run was missed', 111, 100],
    ['from the DAG on, where the Schedule of an earlier version was changed', 90, 100],
    ['from the DAG on, where Temporal has no Schedule', undefined, 100],
  ])('%s', (_name, created, from) => {
    expect(inForceFrom(100, created, 10)).toBe(from);
  });
});

const facts: PastOfSchedule = { hasRun: false, undealt: 100, open: [] };

describe('what became of a time', () => {
  it.each<[string, number, Partial<PastOfSchedule>, Outcome]>([
    ['it has its run, whatever else is true', 50, { hasRun: true, pause: { from: 0 } }, 'started'],
    ['the DAG was paused', 50, { pause: { from: 50, to: 60 } }, 'paused'],
    ['the DAG is paused', 120, { pause: { from: 50 } }, 'paused'],
    ['the pause was over', 60, { pause: { from: 50, to: 60 } }, 'missed'],
    ['Temporal has not dealt with it', 100, {}, 'waiting'],
    [
      'a run was open',
      50,
      {
        open: [
          { from: 10, to: 20 },
          { from: 40, to: 51 },
        ],
      },
      'skipped',
    ],
    ['a run is open', 50, { open: [{ from: 40 }] }, 'skipped'],
    ['the run had ended', 50, { open: [{ from: 40, to: 50 }] }, 'missed'],
  ])('%s', (_name, time, more, outcome) => {
    expect(outcomeOf(time, { ...facts, ...more })).toBe(outcome);
  });
});

describe('times that the Schedule keeps', () => {
  const past = (letters: string) =>
    [...letters].map((letter) => ({
      outcome: ({ r: 'started', s: 'skipped', p: 'paused', m: 'missed' } as const)[letter as 'r'],
    }));
  const outcomes = (letters: string, buffered: number, firstOnly: boolean): string =>
    withBuffered(past(letters), buffered, firstOnly)
      .map(({ outcome }) => ({ started: 'r', skipped: 's', paused: 'p', waiting: 'w', missed: 'm' })[outcome])
      .join('');

  it('wait for another run: the newest ones, or the first one since the open run', () => {
    expect(outcomes('rssrsss', 0, false)).toBe('rssrsss');
    expect(outcomes('rssrsss', 2, false)).toBe('rssrsww');
    expect(outcomes('rssrsss', 1, true)).toBe('rssrwss');
    expect(outcomes('sspsr', 4, false)).toBe('wwpwr');
    expect(outcomes('ss', 1, true)).toBe('ws');
    // Just between two runs.
    expect(outcomes('rsmrm', 2, false)).toBe('rswrw');
    expect(outcomes('rm', 1, true)).toBe('rw');
    expect(outcomes('rms', 1, true)).toBe('rmw');
  });
});

describe('gaps', () => {
  const past = (outcomes: string) =>
    [...outcomes].map((letter, n) => ({
      time: n * 10,
      outcome: ({ s: 'started', m: 'missed', p: 'paused', k: 'skipped', w: 'waiting' } as const)[letter as 's'],
    }));

  it('are neighbours that came to the same, with their number', () => {
    expect(gapsIn(past('smmmspmsw'))).toEqual([
      { outcome: 'missed', from: 10, to: 30, times: 3 },
      { outcome: 'paused', from: 50, to: 50, times: 1 },
      { outcome: 'missed', from: 60, to: 60, times: 1 },
      { outcome: 'waiting', from: 80, to: 80, times: 1 },
    ]);
  });

  it('are apart where a run is between them, and none where all have run', () => {
    expect(gapsIn(past('ksk'))).toHaveLength(2);
    expect(gapsIn(past('sss'))).toEqual([]);
    expect(gapsIn([])).toEqual([]);
  });
});
