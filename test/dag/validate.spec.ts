import { describe, expect, test } from 'vitest';
import type { DagSpec } from '../../src/dag/spec.js';
import { readDate } from '../../src/dag/validate/date-text.js';
import { validate } from '../../src/dag/validate/index.js';

const OWN = { ownQueues: ['baton', 'gpu'] };
const codes = (spec: object, options = OWN): string[] =>
  validate({ id: 'x', ...spec } as unknown as DagSpec, options).issues.map(({ code, path }) => `${code} ${path}`);
const tasks = (edges: { [id: string]: object }): object => ({
  tasks: Object.fromEntries(Object.entries(edges).map(([id, fields]) => [id, { type: 'noop', ...fields }])),
});

describe('a failure that may be hidden', () => {
  test('is a warning at the task that hides it, and the DAG stays valid', () => {
    const { dag, issues } = validate(
      { id: 'x', ...tasks({ load: {}, report: { dependsOn: ['load'], triggerRule: 'all_done' } }) } as unknown as DagSpec,
      OWN,
    );
    expect(dag).toBeDefined();
    expect(issues).toMatchObject([{ code: 'failure_may_be_hidden', path: '/tasks/report', severity: 'warning' }]);
    expect(issues[0]?.message).toContain("'report' runs even when 'load' failed");
  });

  test.each([
    ['completion absorbs', { a: {}, b: { dependsOn: [{ task: 'a', on: 'completion' }] } }, ['/tasks/b']],
    ['one_done absorbs', { a: {}, b: { dependsOn: ['a'], triggerRule: 'one_done' } }, ['/tasks/b']],
    [
      'one_success of two absorbs both',
      { a: {}, b: {}, c: { dependsOn: ['a', 'b'], triggerRule: 'one_success' } },
      ['/tasks/c'],
    ],
    ['one_success of one does not', { a: {}, c: { dependsOn: ['a'], triggerRule: 'one_success' } }, []],
    [
      'another leaf that depends by success notices',
      { a: {}, b: { dependsOn: ['a'], triggerRule: 'all_done' }, c: { dependsOn: ['a'] } },
      [],
    ],
    [
      'a notifier beside nothing else leaves its upstream a leaf',
      { a: {}, b: { dependsOn: [{ task: 'a', on: 'failure' }] } },
      [],
    ],
    ['a rule of failure leaves its upstream a leaf', { a: {}, b: { dependsOn: ['a'], triggerRule: 'one_failed' } }, []],
    [
      'a chain before the absorber is one warning',
      { a: {}, b: { dependsOn: ['a'] }, c: { dependsOn: ['b'], triggerRule: 'all_done' } },
      ['/tasks/c'],
    ],
    ['all_success throughout hides nothing', { a: {}, b: { dependsOn: ['a'] }, c: { dependsOn: ['b'] } }, []],
  ])('%s', (_, edges, paths) => {
    expect(codes(tasks(edges))).toEqual(paths.map((path) => `failure_may_be_hidden ${path}`));
  });

  test('reads the rule from defaults as well', () => {
    expect(codes({ defaults: { triggerRule: 'all_done' }, ...tasks({ a: {}, b: { dependsOn: ['a'] } }) })).toEqual([
      'failure_may_be_hidden /tasks/b',
    ]);
  });
});

describe('references', () => {
  const value = (text: string): object => ({ type: 'transform', with: { value: text } });
  test('may name any transitive upstream, and DAG outputs any task', () => {
    expect(
      codes({
        ...tasks({ a: {}, b: { dependsOn: ['a'] }, c: { dependsOn: ['b'], ...value('${{ tasks.a.output }}') }, d: {} }),
        outputs: { d: '${{ tasks.d.output }}' },
      }),
    ).toEqual([]);
  });

  test('to a task beside or below are refused in when and in with', () => {
    expect(
      codes(
        tasks({
          a: { when: "${{ tasks.b.state == 'success' }}" },
          b: { dependsOn: ['a'], ...value('${{ tasks.c.output }}') },
          c: {},
        }),
      ),
    ).toEqual(['reference_not_upstream /tasks/a/when', 'reference_not_upstream /tasks/b/with/value']);
  });

  test('are not judged while the graph has a cycle', () => {
    expect(
      codes(tasks({ a: { dependsOn: ['b'] }, b: { dependsOn: ['a'], ...value('${{ tasks.c.output }}') }, c: {} })),
    ).toEqual(['cycle /tasks/a/dependsOn']);
  });

  test('use the index for ids that are no names, and only for those', () => {
    expect(
      codes(
        tasks({
          'a-b': {},
          a: {},
          in: {},
          c: { dependsOn: ['a-b', 'a', 'in'], ...value("${{ [tasks['a-b'].output, tasks['in'].output, tasks.a.output] }}") },
        }),
      ),
    ).toEqual([]);
    expect(codes(tasks({ a: {}, c: { dependsOn: ['a'], ...value("${{ tasks['a'].output }}") } }))).toEqual([
      'expression_task_id /tasks/c/with/value',
    ]);
    expect(codes(tasks({ in: {}, c: { dependsOn: ['in'], ...value('${{ tasks.in.output }}') } }))).toEqual([
      'expression_task_id /tasks/c/with/value',
    ]);
    expect(
      codes(tasks({ '2024-load': {}, c: { dependsOn: ['2024-load'], ...value('${{ tasks.2024-load.output }}') } })),
    ).toEqual(['expression_task_id /tasks/c/with/value']);
  });
});

describe('workers of others', () => {
  const call = { type: 'activity', with: { name: 'f', args: ['${{ attempt }}'] } };
  test('get no secrets and no attempt, and a fixed number of arguments', () => {
    expect(codes({ tasks: { a: { ...call, queue: 'python' } } })).toEqual(['expression_not_allowed /tasks/a/with/args/0']);
    expect(codes({ tasks: { a: { ...call, queue: 'gpu' } } })).toEqual([]);
    expect(
      codes({
        params: { x: {} },
        tasks: { a: { type: 'activity', queue: 'python', with: { name: 'f', args: '${{ params.x }}' } } },
      }),
    ).toEqual(['invalid_value /tasks/a/with/args']);
  });

  test('take only tasks of type activity, where defaults name their queue too', () => {
    expect(
      codes({
        defaults: { queue: 'python' },
        tasks: {
          a: { type: 'shell', with: { argv: ['ls'] } },
          b: call,
          c: { type: 'shell', queue: null, with: { argv: ['ls'] } },
        },
      }),
    ).toEqual(['invalid_value /defaults/queue', 'expression_not_allowed /tasks/b/with/args/0']);
  });
});

test('a cron whose two kinds of day must both match is a warning', () => {
  const { dag, issues } = validate({ id: 'x', schedule: '0 0 13 * 5', tasks: { a: { type: 'noop' } } }, OWN);
  expect(dag).toBeDefined();
  expect(issues).toMatchObject([{ code: 'surprising_cron', path: '/schedule', severity: 'warning' }]);
});

test('a policy that ends runs without their clean-up is a warning', () => {
  const spec = { id: 'x', schedule: '@daily', tasks: { a: { type: 'noop' as const } } };
  const { dag, issues } = validate({ ...spec, overlapPolicy: 'terminate_other' }, OWN);
  expect(dag).toBeDefined();
  expect(issues).toMatchObject([{ code: 'no_cleanup', path: '/overlapPolicy', severity: 'warning' }]);
  expect(validate({ ...spec, overlapPolicy: 'cancel_other' }, OWN).issues).toEqual([]);
});

test('a past without a beginning, which nothing would make up for, is a warning', () => {
  const spec = { id: 'x', schedule: '@daily', catchup: true, tasks: { a: { type: 'noop' as const } } };
  const { dag, issues } = validate(spec, OWN);
  expect(dag).toBeDefined();
  expect(issues).toMatchObject([{ code: 'no_past', path: '/catchup', severity: 'warning' }]);
  expect(validate({ ...spec, startDate: '2024-01-01' }, OWN).issues).toEqual([]);
});

test('several cycles are all reported', () => {
  expect(
    codes(tasks({ a: { dependsOn: ['b'] }, b: { dependsOn: ['a'] }, c: { dependsOn: ['d'] }, d: { dependsOn: ['c'] } })),
  ).toEqual(['cycle /tasks/a/dependsOn', 'cycle /tasks/c/dependsOn']);
});

test('limits are settable and named', () => {
  expect(codes(tasks({ a: {}, b: {} }), { ...OWN, limits: { tasks: 1 } } as typeof OWN)).toEqual(['too_many_tasks /tasks']);
  expect(
    codes({ tasks: { a: { type: 'http', retry: { maxAttempts: 9 }, with: { url: 'http://x' } } } }, {
      ...OWN,
      limits: { attempts: 5 },
    } as typeof OWN),
  ).toEqual(['invalid_value /tasks/a/retry/maxAttempts']);
});

describe('quotes in SQL', () => {
  const sql = (query: unknown): string[] => codes({ tasks: { a: { type: 'sql', with: { query } } } });
  test.each([
    "select ${{ run.ds }}, 'it''s' || ${{ run.ds }}",
    'select "a ""b""", ${{ run.ds }}',
    '/* * */ select ${{ run.ds }} -- end',
    "select $$a'b$$, ${{ run.ds }}",
    'select $t$ $$ $t$, ${{ run.ds }}',
    "-- it's\nselect ${{ run.ds }}",
  ])('%s is fine', (query) => expect(sql(query)).toEqual([]));
  test.each([
    "select 'x${{ run.ds }}'",
    'select "${{ run.ds }}"',
    '/* ${{ run.ds }} */ select 1',
    '-- ${{ run.ds }}',
    'select $$ ${{ run.ds }} $$',
    "select 'it''s ${{ run.ds }}'",
  ])('%s is refused', (query) => expect(sql(['select 1', query])).toEqual(['expression_inside_quotes /tasks/a/with/query/1']));
  test('ident() stands only in queries', () => {
    expect(sql('select * from ${{ ident(run.ds) }}')).toEqual([]);
    expect(
      codes({ tasks: { a: { type: 'sql', with: { query: 'select 1', parameters: { x: '${{ ident(run.ds) }}' } } } } }),
    ).toEqual(['expression_not_allowed /tasks/a/with/parameters/x']);
  });
});

test('dates agree with the calendar of the host', () => {
  for (const text of [
    '1970-01-01',
    '2000-02-29',
    '2024-12-31',
    '1970-01-02',
    '2099-12-31',
    '2024-02-29T23:59:59Z',
    '2024-03-10T01:30:00-08:00',
    '2024-03-10T01:30:00+05:45',
  ]) {
    expect(readDate(text)?.ms, text).toBe(Date.parse(text));
  }
  for (const text of [
    '1900-02-29',
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-01-32',
    '2024-1-1',
    '2024-01-01T25:00:00Z',
    '2024-01-01T00:00:00',
    '1969-12-31',
    '2100-01-01',
    '2024-01-01T00:00Z',
    '2024-01-01T00:00:00.5Z',
    'today',
    '',
    '2024-01-01T00:00:00+99:00',
  ]) {
    expect(readDate(text), text).toBeUndefined();
  }
});
