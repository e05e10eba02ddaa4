import { beforeEach, describe, expect, it } from 'vitest';
import { Rewinds } from '../../workflows/run/rewinds.js';

describe('the rounds of a task', () => {
  const rounds = new Map<number, number>();
  let told: string[] = [];
  let rewinds: Rewinds;
  beforeEach(() => {
    rounds.clear();
    told = [];
    rewinds = new Rewinds(new Set([7, 8]), (task) => rounds.get(task) ?? 0, {
      giveBack: (task) => void told.push(`give back ${task}`),
      putBack: (task) => void told.push(`put back ${task}`),
    });
  });
  const sendBack = (task: number): void => {
    rewinds.rewound(task);
    rounds.set(task, (rounds.get(task) ?? 0) + 1);
  };

  it('count until the task is sent back, and hold the next one back until all of them is over', () => {
    const [one, other] = [rewinds.begun(7), rewinds.begun(7)];
    expect([rewinds.mayStart(7), rewinds.over(7, rewinds.begun(7))]).toEqual([true, true]);
    sendBack(7);
    expect(rewinds.mayStart(7)).toBe(false);
    expect(rewinds.over(7, one)).toBe(false);
    expect([told, rewinds.mayStart(7)]).toEqual([[], false]);
    expect(rewinds.over(7, other)).toBe(false);
    expect(told).toEqual(['give back 7', 'put back 7']);
    const second = rewinds.begun(7);
    expect([second, rewinds.mayStart(7), rewinds.over(7, second)]).toEqual([1, true, true]);
  });

  it('that are of no use any more hold back no longer than they are wanted', () => {
    const first = rewinds.begun(8);
    sendBack(8);
    expect(rewinds.mayStart(8)).toBe(false);
    // Sent back again while it stood there: it is pending, and gets in line by itself.
    sendBack(8);
    expect(rewinds.over(8, first)).toBe(false);
    expect(told).toEqual(['give back 8']);
    expect(rewinds.mayStart(8)).toBe(true);
  });

  it('of which nothing is under way are over at once', () => {
    sendBack(7);
    expect([told, rewinds.mayStart(7)]).toEqual([['give back 7'], true]);
  });

  it('are known again in a new execution of the run, by what goes on there', () => {
    rounds.set(7, 2);
    expect([rewinds.begun(7, 1), rewinds.begun(7, 2)]).toEqual([1, 2]);
    expect(rewinds.mayStart(7)).toBe(false);
    expect([rewinds.over(7, 2), rewinds.over(7, 1)]).toEqual([true, false]);
    expect(told).toEqual(['give back 7', 'put back 7']);
  });

  it('of tasks that are never sent back are not counted', () => {
    const round = rewinds.begun(1);
    expect([round, rewinds.mayStart(1), rewinds.over(1, round), rewinds.over(1, round)]).toEqual([0, true, true, true]);
  });
});
