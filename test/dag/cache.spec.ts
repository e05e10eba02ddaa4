import { describe, expect, it, test } from 'vitest';
import { compile } from '../../src/dag/compile.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';

const http = { type: 'http', with: { url: 'http://x' } };
const check = (cache: unknown, task: object = http, dag: object = {}) =>
  checkSpecObject(
    {
      id: 'x',
      params: { day: {} },
      ...dag,
      tasks: { up: http, a: { dependsOn: ['up'], ...task, ...(cache === undefined ? {} : { cache }) } },
    },
    { ownQueues: ['baton'] },
  );
const issues = (...args: Parameters<typeof check>): string[] =>
  check(...args).issues.map(({ code, path }) => `${code} ${path.replace('/tasks/a/cache', '')}`);

describe('cache', () => {
  test.each<[string, unknown, string[]]>([
    ['nothing at all', {}, []],
    ['all of it', { key: '${{ params.day }} of ${{ tasks.up.output.body }}', ttl: '1d', version: 2 }, []],
    ['a version as text', { version: '2024-01' }, []],
    ['null', null, []],
    ['no map', true, ['wrong_type ']],
    ['a bad ttl', { ttl: '1w' }, ['bad_duration /ttl']],
    ['no time to live', { ttl: '0s' }, ['bad_duration /ttl']],
    ['a version of another type', { version: true }, ['wrong_type /version']],
    ['an expression as version', { version: '${{ params.day }}' }, ['expression_not_allowed /version']],
    ['an unknown field', { maxAge: '1d' }, ['unknown_field /maxAge']],
    ['a secret in the key', { key: 'x ${{ secrets.TOKEN }}' }, ['expression_not_allowed /key']],
    ['the attempt in the key', { key: '${{ attempt }}' }, ['expression_not_allowed /key']],
    ['a key that names what is not upstream', { key: '${{ tasks.a.output }}' }, ['reference_not_upstream /key']],
    ['a key that names no param', { key: '${{ params.month }}' }, ['unknown_param /key']],
    ['a key that is no expression', { key: '${{ 1 + }}' }, ['expression_invalid /key']],
  ])('%s', (_, cache, found) => expect(issues(cache)).toEqual(found));

  it('is for tasks that a worker of ours carries out', () => {
    expect(issues({}, { type: 'transform', with: { value: 1 } })).toEqual(['not_allowed_with ']);
    expect(issues({}, { type: 'activity', queue: 'theirs', with: { name: 'f' } })).toEqual(['not_allowed_with ']);
    expect(issues({}, { type: 'activity', queue: 'baton', with: { name: 'f' } })).toEqual([]);
  });

  it('is a default for those tasks only, and its key can name no task then', () => {
    const defaults = { cache: { key: '${{ params.day }}' } };
    const tasks = { b: { type: 'noop' }, c: { type: 'activity', queue: 'theirs', with: { name: 'f' } } };
    const { dag, issues: none } = checkSpecObject(
      { id: 'x', params: { day: {} }, defaults, tasks: { ...tasks, a: http, d: { ...http, cache: null } } },
      { ownQueues: ['baton'] },
    );
    expect(none).toEqual([]);
    const compiled = compile(dag!, { ownQueues: ['baton'] });
    expect(Object.entries(compiled.bodies[0]!).filter(([, body]) => body.cache !== undefined)).toEqual([
      ['a', expect.objectContaining({ cache: { dag: 'x', key: '${{ params.day }}' } })],
    ]);
    // What the key names travels with the call.
    expect(compiled.plan(['k']).tasks.find(({ id }) => id === 'a')?.needs).toEqual({ params: ['day'] });
    expect(issues(undefined, http, { defaults: { cache: { key: '${{ tasks.up.output }}' } } })).toEqual([
      'reference_not_upstream /defaults/cache/key',
    ]);
  });

  it('is compiled into the body, with what its key names among what the task needs', () => {
    const { dag } = check({ key: '${{ tasks.up.output.body }}', ttl: '1d', version: 2 });
    const compiled = compile(dag!, { ownQueues: ['baton'] });
    expect(compiled.bodies[0]?.a?.cache).toEqual({
      dag: 'x',
      key: '${{ tasks.up.output.body }}',
      ttlMs: 86_400_000,
      version: '2',
    });
    expect(compiled.plan(['k']).tasks[1]?.needs).toEqual({ tasks: [0] });
  });
});
