import { expect, test } from 'vitest';
import { cutBytes, fairnessKey, runDetails, runMemo, runSummary } from '../../src/temporal/run-presentation.js';
import type { RunFacts } from '../../workflows/contract.js';

const run: RunFacts = {
  runId: 'sales@a',
  dagId: 'sales',
  version: 3,
  execution: 1,
  dated: false,
  params: { big: 'x'.repeat(5_000) },
  note: 'ä'.repeat(5_000),
  acceptedAt: 0,
  scope: {
    id: 'sales@a',
    key: 'sales=a',
    dagId: 'sales',
    ds: '2026-01-01',
    dsNodash: '20260101',
    logicalDate: '2026-01-02T00:00:00Z',
    dataInterval: { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' },
    trigger: 'manual',
  },
};

test('the memo leaves the params out and cuts the note to stay below 2 KiB', () => {
  const memo = runMemo(run);
  expect(memo).not.toHaveProperty('params');
  expect(memo.note).toMatch(/^ä+…$/);
  expect(Buffer.byteLength(JSON.stringify(memo))).toBeLessThan(2_048);
});

test('a run for some tasks says so, in its memo with as many of them as have room', () => {
  const onlyTasks = Array.from({ length: 100 }, (_, i) => `${'t'.repeat(120)}${i}`);
  const memo = runMemo({ ...run, onlyTasks });
  expect(memo.onlyTasks).toEqual([onlyTasks[0], onlyTasks[1], '…']);
  expect(Buffer.byteLength(JSON.stringify(memo))).toBeLessThan(2_048);
  expect(runMemo({ ...run, onlyTasks: ['a', 'b'] }).onlyTasks).toEqual(['a', 'b']);
  expect(runDetails({ ...run, onlyTasks: ['load', 'a_b'] })).toContain(String.raw`- **Only** load, a\_b, and what they need`);
});

test('what people wrote is text in the Web UI, not markup', () => {
  expect(runDetails({ ...run, note: '# <b>*Hi*</b>\n[x](http://y)' })).toContain(
    String.raw`\# \<b\>\*Hi\*\</b\> \[x\]\(http://y\)`,
  );
  expect(runSummary({ ...run, dated: true })).toBe('sales v3 · 2026-01-02T00:00:00Z');
});

test('text is cut between characters, fairness keys are at most 64 bytes', () => {
  expect(cutBytes('aäb', 4)).toBe('aäb');
  expect(cutBytes('ääää', 7)).toBe('ää…');
  expect(fairnessKey('sales')).toBe('sales');
  expect(fairnessKey('s'.repeat(128))).toHaveLength(32);
});
