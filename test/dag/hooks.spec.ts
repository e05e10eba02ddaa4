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

describe('hooks between attempts', () => {
  const spec = (retry: unknown, { task = http, dag = {} }: { task?: object; dag?: object } = {}) =>
    checkSpecObject(
      { id: 'x', params: { who: {} }, ...dag, tasks: { up: http, a: { ...task, dependsOn: ['up'], hooks: { retry } } } },
      { ownQueues: ['baton'] },
    );
  const of = (...args: Parameters<typeof spec>): string[] =>
    spec(...args).issues.map(({ code, path }) => `${code} ${path.replace('/tasks/a/hooks/retry', '')}`);
  const says = (body: string): object => ({ ...http, with: { url: 'http://x', body } });
  const mapped = { task: { ...http, expand: { n: [1, 2] } } };

  test.each<[string, unknown, string[]]>([
    ['are bodies and lists', [http, { ...http, timeout: '10s', when: true, description: '${{' }], []],
    ['know the attempt that failed', says('${{ attempt }} ${{ task.failure.message }} of ${{ task.attempts }}'), []],
    [
      'know the task in their condition too',
      { ...http, when: '${{ task.attempts > 1 && task.failure.kind != "timeout" }}' },
      [],
    ],
    ['know params, run and what is upstream', says('${{ params.who }} ${{ run.id }} ${{ tasks.up.output }}'), []],
    ['may read secrets', says('${{ secrets.TOKEN }}'), []],
    ['take five minutes at most', { ...http, timeout: '6m' }, ['invalid_value /timeout']],
    ['are carried out by an activity', { type: 'transform', with: { value: 1 } }, ['invalid_value /type']],
    ['have the input of their type', [http, { type: 'shell' }], ['missing_field /1/with']],
    ['are tried once', { ...http, retry: { maxAttempts: 2 } }, ['not_allowed_with /retry']],
    [
      'go to no queue',
      { ...http, queue: 'baton', queueTimeout: '1m' },
      ['not_allowed_with /queue', 'not_allowed_with /queueTimeout'],
    ],
    [
      'wait for no worker',
      { ...http, priority: 1, heartbeatTimeout: '1m' },
      ['not_allowed_with /heartbeatTimeout', 'not_allowed_with /priority'],
    ],
    ['come before the task has an output', says('${{ tasks.a.output }}'), ['reference_not_upstream /with/body']],
    ['do not know how the run ends', says('${{ run.failedTasks }}'), ['unknown_reference /with/body']],
    ['know no item where there is none', says('${{ item }}'), ['unknown_reference /with/body']],
    ['are ten at most', Array.from({ length: 11 }, () => http), ['invalid_value ']],
    ['have a real address', { ...http, with: { url: 'ftp://x' } }, ['invalid_value /with/url']],
  ])('%s', (_, retry, found) => expect(of(retry)).toEqual(found));

  it('know the item of a map', () => {
    expect(of(says('${{ item.n }} ${{ index }}'), mapped)).toEqual([]);
    expect(of({ ...http, when: '${{ item.n > 1 }}' }, mapped)).toEqual([]);
  });

  test.each<[string, object]>([
    ['a noop', { type: 'noop' }],
    ['a wait', { type: 'wait', with: { file: 'x' } }],
    ['an approval', { type: 'approval', with: { message: '?' } }],
    ['an activity of another worker', { type: 'activity', queue: 'theirs', with: { name: 'f' } }],
  ])('are refused for %s, which we do not try again; as a default they do not reach it', (_, task) => {
    expect(of(http, { task })).toEqual(['not_allowed_with ']);
    const { dag } = checkSpecObject(
      { id: 'x', defaults: { hooks: { retry: http } }, tasks: { a: task, b: http } },
      { ownQueues: ['baton'] },
    );
    const { bodies, plan } = compile(dag!, { ownQueues: ['baton'] });
    expect(plan(bodies.map((_, i) => String(i))).tasks.map(({ hooks }) => hooks)).toEqual([undefined, undefined]);
    expect(bodies[0]?.b).toMatchObject({ retryHooks: [{ name: 'b hook retry' }] });
    expect(bodies[0]?.a?.retryHooks).toBeUndefined();
  });

  it('travel in the body of the task, with all that they name; the attempt gets their time', () => {
    const { dag } = spec(
      [
        { ...says('${{ params.who }} ${{ tasks.up.output }} ${{ item.n }}'), when: '${{ run.id != "" }}' },
        { ...http, timeout: '10s' },
      ],
      {
        task: { ...mapped.task, timeout: '1m' },
        dag: { defaults: { timeout: '2h', retry: { maxAttempts: 4 } } },
      },
    );
    const { bodies, plan } = compile(dag!, { ownQueues: ['baton'] });
    const [, task] = plan(['k']).tasks;
    expect(bodies[0]?.a?.retryHooks).toEqual([
      {
        name: 'a hook retry 1',
        type: 'http',
        with: expect.objectContaining({ url: 'http://x' }),
        when: 'run.id != ""',
        timeoutMs: 300_000,
      },
      { name: 'a hook retry 2', type: 'http', with: { url: 'http://x' }, timeoutMs: 10_000 },
    ]);
    expect(task).toMatchObject({
      needs: { params: ['who'], run: true, tasks: [0] },
      map: { item: true },
      activity: { timeoutMs: 60_000, retryHooksMs: 2 * (300_000 + 10_000 + 2 * 10_000) },
    });
    expect(task).not.toHaveProperty('hooks');
    expect(bodies[0]?.up).not.toHaveProperty('retryHooks');
  });

  it('of a SubDAG are activities of the run, tried once, on its own queue', () => {
    const { dag, issues } = spec(says('${{ attempt }} ${{ item.n }} ${{ tasks.up.state }}'), {
      task: { type: 'dag', expand: { n: [1] }, retry: { maxAttempts: 3 }, with: { tasks: { b: { type: 'noop' } } } },
      dag: { defaults: { retry: { maxAttempts: 9 }, timeout: '1s' } },
    });
    expect(issues).toEqual([]);
    const { bodies, plan } = compile(dag!, { ownQueues: ['baton'] });
    const [, task] = plan(['k'], ['s']).tasks;
    expect(task).toMatchObject({
      map: { item: true },
      needs: { tasks: [0] },
      hooks: {
        retry: [
          {
            id: 'a hook retry',
            needs: { tasks: [0] },
            activity: { name: 'http', timeoutMs: 300_000, retry: { maxAttempts: 1, totalTimeoutMs: 300_000 } },
          },
        ],
      },
    });
    expect(bodies[0]).toHaveProperty(['a hook retry']);
  });
});
