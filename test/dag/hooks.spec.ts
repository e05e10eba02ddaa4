import { describe, expect, it, test } from 'vitest';
import { compile } from '../../src/dag/compile.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';

const http = { type: 'http', with: { url: 'http://x' } };
const check = (hooks: unknown, dag: object = {}) =>
  checkSpecObject(
    { id: 'x', tasks: { a: http, b: { type: 'noop', dependsOn: ['a'] } }, hooks, ...dag },
    { ownQueues: ['baton'] },
  );
const issues = (hooks: unknown, dag?: object): string[] => check(hooks, dag).issues.map(({ code, path }) => `${code} ${path}`);
const exit = (fields: object): object => ({ exit: { ...http, ...fields } });
const says = (value: unknown): object => exit({ with: { url: 'http://x', body: value } });

describe('hooks of a DAG', () => {
  test.each<[string, unknown, string[]]>([
    ['may be all four, bodies and lists', { success: http, failure: [http, http], cancel: http, exit: [http] }, []],
    [
      'have the fields of a task that mean something',
      exit({ timeout: '1m', retry: { maxAttempts: 2 }, priority: 1, queueTimeout: '1m', when: true, description: '${{' }),
      [],
    ],
    [
      'name any task, and how the run ended',
      says('${{ run.state }} ${{ run.failedTasks }} ${{ run.failure }} ${{ tasks.b.state }}'),
      [],
    ],
    ['may read secrets', says('${{ secrets.TOKEN }}'), []],
    ['are no list', [http], ['wrong_type /hooks']],
    ['are no text', { exit: 'rm' }, ['wrong_type /hooks/exit']],
    ['are no empty list', { exit: [] }, ['invalid_value /hooks/exit']],
    ['have known names', { onExit: http }, ['unknown_field /hooks/onExit']],
    ['have a type', { exit: { with: {} } }, ['missing_field /hooks/exit/type']],
    ['are carried out by an activity', { exit: { type: 'transform', with: { value: 1 } } }, ['invalid_value /hooks/exit/type']],
    ['have the input of their type', { exit: [http, { type: 'http' }] }, ['missing_field /hooks/exit/1/with']],
    ['have no misspelt input', exit({ with: { url: 'http://x', methd: 'GET' } }), ['unknown_field /hooks/exit/with/methd']],
    ['depend on nothing', exit({ dependsOn: ['a'] }), ['unknown_field /hooks/exit/dependsOn']],
    ['take five minutes at most', exit({ timeout: '6m' }), ['invalid_value /hooks/exit/timeout']],
    ['have real durations', exit({ timeout: '6 m' }), ['bad_duration /hooks/exit/timeout']],
    ['have a real address', exit({ with: { url: 'ftp://x' } }), ['invalid_value /hooks/exit/with/url']],
    ['run on a queue of ours, where they are no activities', exit({ queue: 'theirs' }), ['invalid_value /hooks/exit/queue']],
    ['have rules that are right', exit({ retry: { rules: [{}] } }), ['missing_field /hooks/exit/retry/rules/0/action']],
    ['name real tasks', says('${{ tasks.c.state }}'), ['unknown_reference /hooks/exit/with/body']],
    ['name real fields of the run', says('${{ run.result }}'), ['unknown_reference /hooks/exit/with/body']],
    ['have a condition that is one', exit({ when: 'x' }), ['expression_invalid /hooks/exit/when']],
    ['have a condition of the right type', exit({ when: 1 }), ['wrong_type /hooks/exit/when']],
    ['have a condition without secrets', exit({ when: '${{ secrets.X == 1 }}' }), ['expression_invalid /hooks/exit/when']],
    ['are ten at most', { exit: Array.from({ length: 11 }, () => http) }, ['invalid_value /hooks/exit']],
  ])('%s', (_, hooks, found) => expect(issues(hooks)).toEqual(found));

  it('are the only place that knows how the run ended', () => {
    const value = '${{ run.failedTasks }}';
    expect(issues({}, { tasks: { a: { type: 'transform', with: { value } } } })).toEqual([
      'unknown_reference /tasks/a/with/value',
    ]);
    expect(issues({}, { outputs: { n: '${{ run.failure }}' } })).toEqual(['unknown_reference /outputs/n']);
  });

  it('are compiled as tasks without edges, five minutes each, with the defaults of the DAG', () => {
    const { dag } = check(
      {
        exit: [{ type: 'activity', with: { name: 'f', args: ['${{ tasks.b.state }}', '${{ run.state }}'] } }, http],
        failure: { ...http, timeout: '10s', when: '${{ size(run.failedTasks) > 1 }}' },
      },
      { defaults: { timeout: '2h', retry: { maxAttempts: 4, totalTimeout: '1m' }, cache: {}, triggerRule: 'all_done' } },
    );
    const compiled = compile(dag!, { ownQueues: ['baton'] });
    const { hooks } = compiled.plan(['k']);
    expect(hooks).toMatchObject([
      {
        on: 'failure',
        task: {
          id: 'hook failure',
          type: 'http',
          when: 'size(run.failedTasks) > 1',
          needs: { run: true },
          activity: { timeoutMs: 10_000 },
        },
      },
      {
        on: 'exit',
        task: {
          id: 'hook exit 1',
          activity: { name: 'f', timeoutMs: 300_000, retry: { maxAttempts: 4, totalTimeoutMs: 60_000 } },
          needs: { run: true, tasks: [1] },
        },
      },
      { on: 'exit', task: { id: 'hook exit 2' } },
    ]);
    expect(compiled.bodies[0]?.['hook exit 2']).toEqual({
      type: 'http',
      with: { url: 'http://x' },
      timeoutMs: 300_000,
      retry: expect.objectContaining({ totalTimeoutMs: 60_000 }),
    });
    expect(compile(check({}).dag!, { ownQueues: [] }).plan(['k'])).not.toHaveProperty('hooks');
  });
});

describe('hooks of a task', () => {
  const of = (hooks: unknown, task: object = http, dag: object = {}): string[] =>
    checkSpecObject(
      { id: 'x', ...dag, tasks: { up: http, a: { ...task, dependsOn: ['up'], hooks } } },
      { ownQueues: ['baton'] },
    ).issues.map(({ code, path }) => `${code} ${path.replace('/tasks/a/hooks', '')}`);
  const failure = (body: string): object => ({ failure: { type: 'http', with: { url: 'http://x', body } } });

  test.each<[string, unknown, string[]]>([
    ['are bodies and lists', { success: http, failure: [http, http] }, []],
    ['know the task', failure('${{ task.id }} ${{ task.state }} ${{ task.failure.message }} ${{ task.attempts }}'), []],
    ['name what is upstream, and the task itself', failure('${{ tasks.up.output }} ${{ tasks.a.output }}'), []],
    ['are null for none', null, []],
    ['between attempts come later', { retry: http }, ['not_yet_supported /retry']],
    ['do not know how the run ends', failure('${{ run.failedTasks }}'), ['unknown_reference /failure/with/body']],
    ['take five minutes at most', { success: { ...http, timeout: '1h' } }, ['invalid_value /success/timeout']],
    ['have the input of their type', { success: [{ type: 'shell' }] }, ['missing_field /success/0/with']],
  ])('%s', (_, hooks, found) => expect(of(hooks)).toEqual(found));

  it('are for tasks of every type, and the only place that knows `task`', () => {
    expect(of({ failure: http }, { type: 'transform', with: { value: 1 } })).toEqual([]);
    expect(of({}, { type: 'transform', with: { value: '${{ task.state }}' } })).toEqual([
      'unknown_reference /tasks/a/with/value',
    ]);
  });

  it('may be defaults, which name no task by its id', () => {
    expect(of(null, http, { defaults: { hooks: failure('${{ task.id }}') } })).toEqual([]);
    expect(of(null, http, { defaults: { hooks: failure('${{ tasks.up.state }}') } })).toEqual([
      'reference_not_upstream /defaults/hooks/failure',
    ]);
    const { dag } = checkSpecObject(
      {
        id: 'x',
        params: { who: {} },
        defaults: { hooks: failure('${{ params.who }}: ${{ task.id }}') },
        tasks: { a: http, b: { type: 'noop', hooks: null }, c: { type: 'noop', hooks: { success: [http, http] } } },
      },
      { ownQueues: [] },
    );
    const compiled = compile(dag!, { ownQueues: [] });
    const { tasks } = compiled.plan(['k']);
    expect(
      tasks.map(({ id, hooks }) => [
        id,
        Object.values(hooks ?? {})
          .flat()
          .map((hook) => hook.id),
      ]),
    ).toEqual([
      ['a', ['a hook failure']],
      ['b', []],
      ['c', ['c hook success 1', 'c hook success 2']],
    ]);
    expect(tasks[0]?.hooks?.failure?.[0]?.needs).toEqual({ params: ['who'] });
    expect(Object.keys(compiled.bodies[0]!)).toEqual(expect.arrayContaining(['a hook failure', 'c hook success 2']));
  });
});
