import { describe, expect, test } from 'vitest';
import { ISSUE_CODES, MAX_ISSUES } from '../../src/dag/issue.js';
import { checkSpec } from '../../src/spec/check-spec.js';
import { BAD_SPECS } from './bad-specs.js';

const OWN = {
  ownQueues: ['baton'],
  isTimeZone: (zone: string) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC',
};

describe('a bad spec is refused with a code and a place', () => {
  test.each(BAD_SPECS.map((bad) => [bad.name, bad] as const))('%s', (_, bad) => {
    // CPU time: other work on the machine says nothing about ours.
    const before = process.cpuUsage();
    const { dag, issues } = checkSpec(bad.body, bad.contentType === 'application/json' ? 'json' : 'yaml', OWN);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000, 'ms').toBeLessThan(1500);
    expect(dag).toBeUndefined();
    expect(issues.length).toBeLessThanOrEqual(MAX_ISSUES);
    const found = issues.map(({ code, path }) => `${code} ${path}`);
    expect(found, JSON.stringify(issues.slice(0, 3))).toContain(`${bad.code} ${bad.path}`);
    expect(new Set(issues.map((issue) => JSON.stringify(issue))).size, 'no issue twice').toBe(issues.length);
    const issue = issues.find(({ code, path }) => code === bad.code && path === bad.path);
    if (bad.says !== undefined) expect(issue?.message).toContain(bad.says);
    expect(issue?.severity).toBe('error');
    expect(issue?.line, 'line').toBeGreaterThanOrEqual(1);
    expect(issue?.column, 'column').toBeGreaterThanOrEqual(1);
    expect(issue?.message.length, 'message').toBeLessThan(600);
  });
});

/** Raised by other tests: of the compiler, of warnings, of REST. */
const ELSEWHERE = [
  'foreign_template',
  'failure_may_be_hidden',
  'no_cleanup',
  'no_past',
  'surprising_cron',
  'plan_too_large',
  'id_mismatch',
  'dag_cycle',
  'unknown_dag',
  'unknown_version',
];

test('every issue code is raised by a test, and the list is sorted', () => {
  const raised = new Set<string>([...BAD_SPECS.map(({ code }) => code), ...ELSEWHERE]);
  expect(ISSUE_CODES.filter((code) => !raised.has(code))).toEqual([]);
  expect([...ISSUE_CODES]).toEqual([...ISSUE_CODES].sort());
});
