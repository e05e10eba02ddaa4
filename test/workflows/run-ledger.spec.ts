import { describe, expect, it } from 'vitest';
import { Walk } from '../../src/dag/walk.js';
import type { RunFacts } from '../../workflows/contract.js';
import { RunLedger } from '../../workflows/run/run-ledger.js';
import { planOf } from '../support/plan-builder.js';

describe('what is known of a task that is sent back', () => {
  const plan = planOf('load\nlook');
  const newLedger = (): RunLedger => new RunLedger({} as RunFacts, plan, new Walk(plan), 0);

  it('are its attempts and hooks alone, and its outputs take no place any more', () => {
    const ledger = newLedger();
    const attempts = [{ attempt: 1, startedAt: 5, endedAt: 6 }];
    ledger.noteEnding(0, { state: 'success', attempts, startedAt: 5, output: { value: 'abc' }, items: { value: [1] } });
    ledger.noteTaskHook(0, { hook: 'success', state: 'success', startedAt: 6 });
    expect(ledger.inlineBytes).toBe(8);
    const { revision } = ledger;
    ledger.noteRewound(0);
    const { revision: later, ...record } = ledger.recordOf(0)!;
    const hooks = [{ hook: 'success', state: 'success', startedAt: 6 }];
    expect(record).toEqual({ taskId: 'load', state: 'queued', attempts, hooks, rewinds: 1 });
    expect([later > revision, ledger.inlineBytes]).toEqual([true, 0]);
    ledger.noteRewound(0);
    expect(ledger.recordOf(0)).toMatchObject({ rewinds: 2 });
  });

  it('grows by attempts that end late, each once', () => {
    const ledger = newLedger();
    ledger.noteAttempts(0, [{ attempt: 1, startedAt: 5 }]);
    ledger.noteRewound(0);
    ledger.noteAttempts(0, [{ attempt: 1, startedAt: 5, endedAt: 9 }]);
    ledger.noteEnding(0, { state: 'success', attempts: [{ attempt: 2, startedAt: 10 }] });
    expect(ledger.recordOf(0)!.attempts).toEqual([
      { attempt: 1, startedAt: 5, endedAt: 9 },
      { attempt: 2, startedAt: 10 },
    ]);
  });

  it('is counted where it comes from an earlier execution of the run', () => {
    const ledger = newLedger();
    ledger.restore([
      { taskId: 'load', state: 'success', revision: 1, output: { value: 'abc' } },
      { taskId: 'look', state: 'success', revision: 2, output: { ref: 'x', size: 9, sha256: '' } },
      { taskId: 'of another plan', state: 'success', revision: 3, output: { value: 'abc' } },
    ]);
    expect([ledger.inlineBytes, ledger.recordOf(0)!.state]).toEqual([5, 'success']);
  });
});
