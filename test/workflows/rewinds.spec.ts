import { describe, expect, it } from 'vitest';
import { Rewinds } from '../../workflows/run/rewinds.js';

describe('the lives of a task', () => {
  const freed: number[] = [];
  const rewinds = new Rewinds((task) => void freed.push(task));

  it('count until the task is rewound, and hold the next one back until they have reported', () => {
    const first = rewinds.round(7);
    expect([rewinds.mayStart(7), rewinds.counts(7, first)]).toEqual([true, true]);
    rewinds.rewound(7, true);
    const second = rewinds.round(7);
    expect(rewinds.mayStart(7)).toBe(false);
    expect(rewinds.counts(7, first)).toBe(false);
    expect(freed).toEqual([7]);
    expect([rewinds.mayStart(7), rewinds.counts(7, second)]).toEqual([true, true]);
  });

  it('are held back no longer than they are wanted', () => {
    const first = rewinds.round(8);
    rewinds.rewound(8, true);
    expect(rewinds.mayStart(8)).toBe(false);
    // Rewound again while it stood there: it is pending, and gets in line by itself.
    rewinds.rewound(8, false);
    expect(rewinds.counts(8, first)).toBe(false);
    expect(freed).not.toContain(8);
    expect(rewinds.mayStart(8)).toBe(true);
  });

  it('of tasks with nothing under way are over at once', () => {
    rewinds.rewound(9, false);
    expect(rewinds.mayStart(9)).toBe(true);
  });
});
