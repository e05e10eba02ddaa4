import { describe, expect, it, test } from 'vitest';
import { compileRetryRule, EXIT_CODE_RANGE, matchingRule, readCodes, STATUS_RANGE } from '../../src/dag/retry-rule.js';
import type { RetryRuleSpec } from '../../src/dag/spec.js';
import type { Failure } from '../../src/dag/state.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';

const failure = (fields: Partial<Failure> = {}): Failure => ({ kind: 'error', message: 'no luck', ...fields });
const answered = (status: number): Failure => failure({ type: 'HttpStatusError', details: { status } });
const exited = (exitCode: number | null): Failure => failure({ type: 'ShellExitError', details: { exitCode } });
const first = (rules: readonly RetryRuleSpec[], what: Failure): number => {
  const compiled = rules.map(compileRetryRule);
  const found = matchingRule(compiled, what);
  return found === undefined ? -1 : compiled.indexOf(found);
};

describe('a rule of retry holds', () => {
  test.each<[string, RetryRuleSpec, Failure, boolean]>([
    ['by status', { status: 404 }, answered(404), true],
    ['not by another status', { status: 404 }, answered(410), false],
    ['by one status of a list', { status: [404, '410'] }, answered(410), true],
    ['by a class of statuses', { status: '5xx' }, answered(599), true],
    ['not outside of the class', { status: '5xx' }, answered(499), false],
    ['by both ends of a range', { status: '500-503' }, answered(503), true],
    ['never by status where there is none', { status: '5xx' }, failure(), false],
    ['by exit code', { exitCode: [1, '64-78'] }, exited(75), true],
    ['never by exit code for a program that a signal ended', { exitCode: '0-255' }, exited(null), false],
    ['by type of error', { error: ['A', 'ShellExitError'] }, exited(1), true],
    ['never by type where there is none', { error: 'error' }, failure(), false],
    ['by part of the message', { message: 'no .uck' }, failure(), true],
    ['by an anchored pattern only as a whole', { message: '^luck' }, failure(), false],
    ['by kind', { kind: ['timeout', 'error'] }, failure(), true],
    ['not by another kind', { kind: 'timeout' }, failure(), false],
    ['where all conditions do', { status: 503, message: 'luck', kind: 'error' }, answered(503), true],
    ['not where one of them does not', { status: 503, message: 'quota' }, answered(503), false],
    ['always without conditions', {}, failure(), true],
  ])('%s', (_, rule, what, holds) => {
    expect(first([{ ...rule, action: 'fail' }], what)).toBe(holds ? 0 : -1);
  });

  it('and the first one that does decides', () => {
    const rules: RetryRuleSpec[] = [{ status: 500, action: 'fail' }, { status: '5xx', wait: '30s' }, { action: 'skip' }];
    expect([500, 503, 404].map((status) => first(rules, answered(status)))).toEqual([0, 1, 2]);
    expect(rules.map(compileRetryRule)[1]).toEqual({ status: [[500, 599]], action: 'retry', waitMs: 30_000 });
  });
});

test.each([
  [404, [404, 404]],
  ['404', [404, 404]],
  ['4xx', [400, 499]],
  ['4XX', [400, 499]],
  ['400 - 499', [400, 499]],
  ['6xx', undefined],
  ['99', undefined],
  [600, undefined],
  [404.5, undefined],
  ['500-400', undefined],
  ['>=500', undefined],
  ['', undefined],
])('a status %j is %j', (text, range) => expect(readCodes(text, STATUS_RANGE)).toEqual(range));

test('exit codes have no classes and end at 255', () => {
  expect(['1xx', 256, -1, '0-255'].map((code) => readCodes(code, EXIT_CODE_RANGE))).toEqual([
    undefined,
    undefined,
    undefined,
    [0, 255],
  ]);
});

describe('rules are checked when the DAG is stored:', () => {
  const check = (rules: unknown, task: object = {}, dag: object = {}): string[] =>
    checkSpecObject(
      { id: 'x', ...dag, tasks: { a: { type: 'http', with: { url: 'http://x' }, retry: { rules }, ...task } } },
      { ownQueues: ['baton'] },
    ).issues.map(({ code, path }) => `${code} ${path.replace('/tasks/a/retry/rules', '')}`);
  const foreign = { type: 'activity', with: { name: 'f' }, queue: 'theirs' };

  test.each<[string, unknown, string[]]>([
    ['all forms', [{ error: 'A', message: 'x+', status: ['5xx', 404], exitCode: '1-3', kind: 'timeout', action: 'skip' }], []],
    ['a wait is a retry', [{ status: 429, wait: '0s' }], []],
    ['none at all', [], []],
    ['no list', { status: 429 }, ['wrong_type ']],
    ['no map', ['5xx'], ['wrong_type /0']],
    ['nothing to do', [{ status: 429 }], ['missing_field /0/action']],
    ['an unknown action', [{ action: 'panic' }], ['invalid_value /0/action']],
    ['a wait before failing', [{ action: 'fail', wait: '1s' }], ['not_allowed_with /0/wait']],
    ['a bad duration', [{ wait: '1 s' }], ['bad_duration /0/wait']],
    ['a bad status', [{ status: ['6xx', 404], action: 'fail' }], ['invalid_value /0/status']],
    ['a status of another type', [{ status: true, action: 'fail' }], ['wrong_type /0/status']],
    ['an empty list', [{ error: [], action: 'fail' }], ['wrong_type /0/error']],
    ['a bad exit code', [{ exitCode: 300, action: 'fail' }], ['invalid_value /0/exitCode']],
    ['a kind that no worker decides about', [{ kind: 'worker_lost', action: 'fail' }], ['invalid_value /0/kind']],
    ['a misspelt kind', [{ kind: 'timeot', action: 'fail' }], ['invalid_value /0/kind']],
    ['an empty type of error', [{ error: ' ', action: 'fail' }], ['invalid_value /0/error']],
    ['a pattern that is none', [{ message: '(', action: 'fail' }], ['invalid_value /0/message']],
    ['a pattern that could be slow', [{ message: '(?=a)', action: 'fail' }], ['invalid_value /0/message']],
    ['an empty pattern', [{ message: '', action: 'fail' }], ['invalid_value /0/message']],
    ['an expression', [{ message: '${{ params.x }}', action: 'fail' }], ['expression_not_allowed /0/message']],
    ['an expression in a list', [{ error: ['${{ params.x }}'], action: 'fail' }], ['expression_not_allowed /0/error/0']],
    ['a rule that hides others', [{ action: 'fail' }, { status: 429, wait: '1s' }], ['invalid_value /0']],
    ['an unknown condition', [{ weather: 'bad', action: 'fail' }], ['unknown_field /0/weather']],
    ['a condition of another tool', [{ code: 429, action: 'fail' }], ['foreign_name /0/code']],
    ['too many', Array.from({ length: 21 }, () => ({ status: 404, action: 'fail' })), ['invalid_value ']],
  ])('%s', (_, rules, issues) => expect(check(rules)).toEqual(issues));

  it('Temporal itself retries for other workers, and knows only types of errors that end a task', () => {
    const rules = [{ error: 'A', wait: '1s' }, { status: 404, action: 'fail' }, { action: 'skip' }];
    const errors = [{ error: ['A', 'B'], action: 'fail' }];
    expect(check(errors, { ...foreign, retry: { rules: errors } })).toEqual([]);
    expect(check(rules, { ...foreign, retry: { rules } })).toEqual([0, 1, 2].map((n) => `not_allowed_with /${n}`));
    const defaults = { retry: { rules } };
    expect(check([], { ...foreign, retry: {} }, { defaults })).toEqual(
      [0, 1, 2].map((n) => `not_allowed_with /defaults/retry/rules/${n}`),
    );
    expect(check([], { ...foreign, retry: { rules: null } }, { defaults })).toEqual([]);
  });
});
