import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it, test } from 'vitest';
import { decideRetry, type RetryFacts } from '../../activities/retry-decision.js';
import { TaskError } from '../../activities/task-error.js';
import type { RetryPlan } from '../../src/dag/plan.js';
import { compileRetryRule } from '../../src/dag/retry-rule.js';
import type { RetryRuleSpec } from '../../src/dag/spec.js';
import { DEFAULT_RETRY, TaskBench } from './task-bench.js';

const DAY = 86_400_000;
const retry: RetryPlan = { ...DEFAULT_RETRY, maxAttempts: 3, intervalMs: 1000 };
const withRules = (...rules: RetryRuleSpec[]): RetryPlan => ({ ...retry, rules: rules.map(compileRetryRule) });
const answered = (status: number, more: object = {}): RetryFacts['failed'] => ({
  failure: { kind: 'error', type: 'HttpStatusError', message: `answered ${status}`, details: { status } },
  by: 'user',
  retryable: status >= 500,
  ...more,
});
const decide = (facts: Partial<RetryFacts>): unknown =>
  decideRetry({
    retry,
    failed: answered(500),
    userFailures: 1,
    infraFailures: 0,
    firstStartedAt: 0,
    now: 10,
    random: 1,
    ...facts,
  });

describe('a failed attempt', () => {
  test.each<[string, Partial<RetryFacts>, object]>([
    ['is repeated after the interval', {}, { again: true, delayMs: 1000 }],
    ['waits longer each time', { userFailures: 2 }, { again: true, delayMs: 2000 }],
    ['waits longer by jitter', { retry: { ...retry, jitter: 0.5 } }, { again: true, delayMs: 1500 }],
    ['is not repeated after the last one', { userFailures: 3 }, { again: false }],
    ['is not repeated where it makes no sense', { failed: answered(404) }, { again: false }],
    ['waits as the other side asks', { failed: answered(503, { retryAfterMs: 7 }) }, { again: true, delayMs: 7 }],
    ['but a day at most', { failed: answered(503, { retryAfterMs: 9 * DAY }) }, { again: true, delayMs: DAY }],
    ['and never a negative time', { failed: answered(503, { retryAfterMs: -5 }) }, { again: true, delayMs: 0 }],
    ['is not repeated after totalTimeout', { retry: { ...retry, totalTimeoutMs: 1010 } }, { again: false }],
    ['is repeated just before', { retry: { ...retry, totalTimeoutMs: 1011 } }, { again: true, delayMs: 1000 }],
    [
      'is not repeated where Retry-After is later than totalTimeout',
      { retry: { ...retry, totalTimeoutMs: 5000 }, failed: answered(503, { retryAfterMs: 6000 }) },
      { again: false },
    ],
  ])('%s', (_, facts, decision) => expect(decide(facts)).toEqual(decision));
});

describe('a rule', () => {
  test.each<[string, Partial<RetryFacts>, object]>([
    ['ends the task', { retry: withRules({ status: '5xx', action: 'fail' }) }, { again: false }],
    ['skips it', { retry: withRules({ status: '5xx', action: 'skip' }) }, { again: false, skip: true }],
    ['waits', { retry: withRules({ status: '5xx', wait: '30s' }) }, { again: true, delayMs: 30_000 }],
    [
      'waits exactly that long, whatever jitter, maxInterval and the other side say',
      {
        retry: { ...withRules({ wait: '10m' }), jitter: 1, maxIntervalMs: 1 },
        failed: answered(503, { retryAfterMs: 5 }),
      },
      { again: true, delayMs: 600_000 },
    ],
    [
      'repeats what would not be repeated',
      { retry: withRules({ status: 404, action: 'retry' }), failed: answered(404) },
      { again: true, delayMs: 1000 },
    ],
    [
      'repeats what nonRetryableErrors would end',
      { retry: { ...withRules({ status: 500, action: 'retry' }), nonRetryableErrors: ['HttpStatusError'] } },
      { again: true, delayMs: 1000 },
    ],
    ['repeats no more than maxAttempts', { retry: withRules({ action: 'retry' }), userFailures: 3 }, { again: false }],
    [
      'does not wait beyond totalTimeout',
      { retry: { ...withRules({ wait: '1h' }), totalTimeoutMs: 60_000 } },
      { again: false },
    ],
    [
      'skips after the last attempt too',
      { retry: withRules({ action: 'skip' }), userFailures: 3 },
      { again: false, skip: true },
    ],
    [
      'that does not hold changes nothing',
      { retry: withRules({ status: 404, action: 'skip' }) },
      { again: true, delayMs: 1000 },
    ],
    [
      'is not asked about a lost worker',
      { retry: withRules({ action: 'fail' }), failed: answered(500, { by: 'infrastructure' }), infraFailures: 1 },
      { again: true },
    ],
  ])('%s', (_, facts, decision) => expect(decide(facts)).toEqual(decision));
});

describe('a task with rules', () => {
  it('is skipped by its activity, with the attempts that led there', async () => {
    const bench = await TaskBench.create({
      user: {
        f: () => {
          throw new TaskError('HttpStatusError', 'gone', { details: { status: 410 }, retryable: false });
        },
      },
    });
    const { returned } = await bench.runBody('f', { retry: withRules({ status: [404, 410], action: 'skip' }) });
    expect(returned).toMatchObject({ skipped: true, attempts: [{ attempt: 1, failure: { message: 'gone' } }] });
  });

  it('looks at what its own code says: details, type, and a message with secrets hidden', async () => {
    const bench = await TaskBench.create({
      secretValues: { TOKEN: 'swordfish' },
      user: {
        f: (token: string) => {
          throw ApplicationFailure.nonRetryable(`bad ${token}`, 'Denied', { exitCode: 77 });
        },
      },
    });
    const body = { with: { name: 'f', args: ['${{ secrets.TOKEN }}'] } };
    const run = async (...rules: RetryRuleSpec[]) => bench.runBody('f', { ...body, retry: withRules(...rules) });
    expect((await run({ message: 'swordfish', action: 'skip' })).returned).toBeUndefined();
    expect((await run({ error: 'Denied', exitCode: 77, message: 'bad \\*\\*\\*', action: 'skip' })).returned?.skipped).toBe(
      true,
    );
  });

  it('may be skipped for taking too long', async () => {
    const bench = await TaskBench.create({ user: { f: () => new Promise(() => undefined) } });
    const { returned } = await bench.runBody('f', { timeoutMs: 1, retry: withRules({ kind: 'timeout', action: 'skip' }) });
    expect(returned?.skipped).toBe(true);
  });
});
