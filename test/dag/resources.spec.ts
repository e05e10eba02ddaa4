import { describe, expect, it, test } from 'vitest';
import { compile } from '../../src/dag/compile.js';
import type { Json } from '../../src/dag/json.js';
import { amountOf, resolveResources, resourceTemplates } from '../../src/dag/resources.js';
import { checkSpec, checkSpecObject } from '../../src/spec/check-spec.js';

const http = { type: 'http', with: { url: 'http://x' } };
const check = (resources: unknown, { task = http, more = {} }: { task?: object; more?: object } = {}) =>
  checkSpecObject(
    {
      id: 'x',
      params: { n: { default: 3 } },
      ...more,
      tasks: { up: http, a: { ...task, dependsOn: ['up'], ...(resources === undefined ? {} : { resources }) } },
    },
    { ownQueues: ['baton'] },
  );
const issues = (resources: unknown, options?: Parameters<typeof check>[1]): string[] =>
  check(resources, options).issues.map(({ code, path }) => `${code} ${path.replace('/tasks/a/resources', '')}`);
const planned = (resources: unknown, options?: Parameters<typeof check>[1]) => {
  const { dag, issues: found } = check(resources, options);
  expect(found).toEqual([]);
  const { bodies, plan } = compile(dag!, { ownQueues: ['baton'] });
  return plan(bodies.map((_, i) => String(i))).tasks.find(({ id }) => id === 'a')!;
};

describe('resources', () => {
  test.each<[string, unknown, string[]]>([
    ['are amounts', { cpu: 0.5, memory: '512MiB', storage: '1GB', gpu: 1, licences: 0, scratch: '5GiB' }, []],
    ['are expressions, with text around them or without', { cpu: '${{ params.n }}', memory: '${{ params.n }}MiB' }, []],
    ['are of what is upstream', { memory: '${{ size(tasks.up.output.body) * 1048576 }}' }, []],
    ['are none', null, []],
    ['may take a default back', { cpu: null }, []],
    ['are no list', [1], ['wrong_type ']],
    ['are no text', '2GiB', ['wrong_type ']],
    ['are no text that is one expression: they merge by key', '${{ params.n }}', ['expression_not_allowed ']],
    ['have no amount that is a list', { gpu: [1] }, ['wrong_type /gpu']],
    ['have no amount that is true', { gpu: true }, ['wrong_type /gpu']],
    [
      'have names',
      { 'nvidia.com/gpu': 1, ['__proto__']: 1, '1st': 1, '': 1 },
      ['', '/1st', '/__proto__', '/nvidia.com~1gpu'].map((at) => `invalid_value ${at === '' ? '/' : at}`),
    ],
    ['are twenty at most', Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`r${i}`, i])), ['invalid_value ']],
    ['have sizes with units', { memory: 512, storage: '10' }, ['bad_size /memory', 'bad_size /storage']],
    ['have sizes that are sizes', { memory: '2gib', scratch: 'much' }, ['bad_size /memory', 'bad_size /scratch']],
    ['have a number of processors', { cpu: '500m' }, ['invalid_value /cpu']],
    [
      'have some of what they name',
      { cpu: 0, memory: '0B', storage: -1 },
      ['invalid_value /cpu', 'bad_size /memory', 'invalid_value /storage'],
    ],
    ['are never negative', { gpu: -1 }, ['invalid_value /gpu']],
    ['have expressions that parse', { memory: '${{ params. }}' }, ['expression_invalid /memory']],
    ['name nothing that is not there', { memory: '${{ params.m }}' }, ['unknown_param /memory']],
    ['name nothing that may not have ended', { memory: '${{ tasks.a.output }}' }, ['reference_not_upstream /memory']],
    ['are evaluated before there is an item', { memory: '${{ item.size }}' }, ['unknown_reference /memory']],
    [
      'know no attempt, and no secret',
      { cpu: '${{ attempt }}', gpu: '${{ secrets.GPU }}' },
      ['expression_not_allowed /cpu', 'expression_not_allowed /gpu'],
    ],
  ])('%s', (_, resources, found) => expect(issues(resources)).toEqual(found));

  test.each<[string, object]>([
    ['a transform, which no worker carries out', { type: 'transform', with: { value: 1 } }],
    ['a wait', { type: 'wait', with: { duration: '1s' } }],
    ['an approval', { type: 'approval', with: { message: '?' } }],
    ['a SubDAG, whose tasks have their own', { type: 'dag', with: { tasks: { b: http } } }],
    ['an activity of another worker, which is not told', { type: 'activity', queue: 'theirs', with: { name: 'f' } }],
  ])('mean nothing for %s', (_, task) => {
    expect(issues({ cpu: 1 }, { task })).toEqual(['not_allowed_with ']);
    // As a default they do not reach it.
    const { dag } = check(undefined, { task, more: { defaults: { resources: { cpu: 1 } } } });
    const { bodies, subs, plan } = compile(dag!, { ownQueues: ['baton'] });
    const { tasks } = plan(
      bodies.map((_, i) => String(i)),
      subs.map((_, i) => String(i)),
    );
    expect(tasks.map(({ id, resources }) => [id, resources])).toEqual(
      expect.arrayContaining([
        ['a', undefined],
        ['up', { cpu: 1 }],
      ]),
    );
  });

  it('stand in the plan as amounts and as templates, in order of name', () => {
    const { resources } = planned({ storage: '1KB', memory: '${{ 1 + 1 }}MiB', gpu: 2, cpu: 0.5 });
    expect(JSON.stringify(resources)).toBe('{"cpu":0.5,"gpu":2,"memory":"${{ 1 + 1 }}MiB","storage":1000}');
    expect(planned(undefined)).not.toHaveProperty('resources');
    expect(planned({})).not.toHaveProperty('resources');
  });

  it('send nothing with the task that only they name', () => {
    expect(planned({ cpu: '${{ params.n }}', memory: '${{ size(tasks.up.output.body) }}' })).not.toHaveProperty('needs');
  });

  it('merge with defaults by name; null takes one back, or all', () => {
    const more = { defaults: { resources: { cpu: 2, memory: '1KiB', gpu: 1 } } };
    expect(planned({ cpu: 4, gpu: null, disks: 3 }, { more }).resources).toEqual({ cpu: 4, disks: 3, memory: 1024 });
    expect(planned(undefined, { more }).resources).toEqual({ cpu: 2, gpu: 1, memory: 1024 });
    expect(planned(null, { more })).not.toHaveProperty('resources');
  });

  it('of defaults are checked where they stand, and name no task', () => {
    const at = (resources: unknown) => issues(undefined, { more: { defaults: { resources } } });
    expect(at({ memory: 1, 'a-b': 1 })).toEqual([
      'invalid_value /defaults/resources/a-b',
      'bad_size /defaults/resources/memory',
    ]);
    expect(at({ memory: '${{ tasks.up.output }}' })).toEqual(['reference_not_upstream /defaults/resources']);
    expect(at({ memory: '${{ params.n }}KiB' })).toEqual([]);
    expect(at(3)).toEqual(['wrong_type /defaults/resources']);
  });

  it('count among the expressions of a DAG', () => {
    const { issues: found } = checkSpec(
      JSON.stringify({ id: 'x', tasks: { a: { ...http, resources: { cpu: '${{ 1 }}' } } } }),
      'json',
      { ownQueues: [], limits: { expressions: 0 } },
    );
    expect(found.map(({ code }) => code)).toEqual(['too_many_expressions']);
  });
});

describe('an amount', () => {
  test.each<[string, Json, number]>([
    ['cpu', 0.25, 0.25],
    ['memory', 1e9, 1e9],
    ['memory', 10.2, 11],
    ['memory', '1KiB', 1024],
    ['gpu', 0, 0],
    ['gpu', 1.5, 1.5],
    ['scratch', '1KB', 1000],
  ])('%s of %j is %d', (name, value, amount) => expect(amountOf(name, value)).toBe(amount));

  test.each<[string, Json]>([
    ['cpu', '2'],
    ['cpu', 0],
    ['cpu', null],
    ['memory', ''],
    ['memory', '12'],
    ['memory', -1],
    ['memory', true],
    ['memory', [1]],
    ['gpu', {}],
    ['gpu', 2 ** 60],
  ])('%s is never %j, and says why', (name, value) => {
    expect(amountOf(name, value)).toEqual({ error: expect.stringMatching(/must be|is no size/) });
  });

  it('is what a template comes to; the first that is none is named', () => {
    const plan = { cpu: '${{ a }}', gpu: 1, memory: '${{ b }}' };
    expect(resourceTemplates(plan)).toEqual({ cpu: '${{ a }}', memory: '${{ b }}' });
    expect(resourceTemplates({ gpu: 1 })).toBeUndefined();
    expect(resolveResources(plan, { cpu: 2, memory: '1KiB' })).toEqual({ amounts: { cpu: 2, gpu: 1, memory: 1024 } });
    expect(resolveResources(plan, { cpu: 2, memory: 'much' })).toEqual({
      error: expect.stringMatching(/^memory "much" is no size/),
    });
    expect(resolveResources(plan, {})).toEqual({ error: expect.stringMatching(/^cpu must be a number of processors/) });
  });
});
