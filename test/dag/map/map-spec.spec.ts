import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/dag/compile.js';
import type { MapPlan } from '../../../src/dag/map/map-plan.js';
import { checkSpec } from '../../../src/spec/check-spec.js';

const check = (task: object, more: object = {}) => {
  const spec = {
    id: 'maps',
    params: { list: { type: 'array', default: [] } },
    tasks: { list: { type: 'noop' }, m: { type: 'noop', dependsOn: ['list'], ...task } },
    ...more,
  };
  return checkSpec(JSON.stringify(spec), 'json', { ownQueues: ['baton'] });
};
const issues = (task: object, more?: object): string[] => check(task, more).issues.map(({ code, path }) => `${code} ${path}`);
const planOf = (task: object, more?: object): MapPlan | undefined => {
  const { dag, issues } = check(task, more);
  if (dag === undefined) throw new Error(JSON.stringify(issues));
  return compile(dag, { ownQueues: ['baton'] })
    .plan([])
    .tasks.find(({ id }) => id === 'm')?.map;
};

describe('a task with expand or zip', () => {
  it('compiles to its sources in order of key, without what is a built-in', () => {
    expect(planOf({ expand: { b: [1], a: '${{ params.list }}' }, maxConcurrency: 16, maxMapLength: 1024 })).toEqual({
      sources: [
        ['a', '${{ params.list }}'],
        ['b', [1]],
      ],
    });
  });

  it('takes what its defaults say of maps, and a fill value that may be null', () => {
    const task = {
      type: 'transform',
      zip: { a: [1, 2], b: [1] },
      zipFill: null,
      mapKey: 'nr ${{ index }}',
      with: { value: '${{ item.a }}' },
    };
    const defaults = {
      maxConcurrency: '${{ size(params.list) + 1 }}',
      toleratedFailurePercentage: 5,
      stopOnFirstFailure: true,
    };
    expect(planOf(task, { defaults })).toEqual({
      sources: [
        ['a', [1, 2]],
        ['b', [1]],
      ],
      zip: true,
      fill: { value: null },
      key: 'nr ${{ index }}',
      maxConcurrency: 'size(params.list) + 1',
      toleratedPercentage: 5,
      stop: true,
      item: true,
    });
  });

  it('knows item and index in with and mapKey only', () => {
    const expand = { a: [1] };
    expect(issues({ type: 'transform', expand, mapKey: '${{ item.a }}', with: { value: '${{ index }}' } })).toEqual([]);
    expect(issues({ expand: { a: '${{ item.b }}' } })).toEqual(['unknown_reference /tasks/m/expand/a']);
    expect(issues({ expand, when: '${{ index == 1 }}' })).toEqual(['unknown_reference /tasks/m/when']);
    expect(issues({ expand, maxConcurrency: '${{ item.a }}' })).toEqual(['unknown_reference /tasks/m/maxConcurrency']);
    expect(issues({ type: 'transform', with: { value: '${{ item }}' } })).toEqual(['unknown_reference /tasks/m/with/value']);
  });

  it('names tasks in expand, but not in mapKey', () => {
    expect(issues({ expand: { a: '${{ tasks.list.output }}' } })).toEqual([]);
    expect(issues({ expand: { a: [1] }, mapKey: '${{ tasks.list.state }}' })).toEqual([
      'expression_not_allowed /tasks/m/mapKey',
    ]);
    expect(issues({ expand: { a: '${{ tasks.m.output }}' } })).toEqual(['reference_not_upstream /tasks/m/expand/a']);
    expect(issues({ expand: { a: '${{ secrets.X }}' } })).toEqual(['expression_not_allowed /tasks/m/expand/a']);
  });

  it.each<[string, object, string]>([
    ['both', { expand: { a: [1] }, zip: { a: [1] } }, 'not_allowed_with /tasks/m/zip'],
    ['no key', { expand: {} }, 'invalid_value /tasks/m/expand'],
    ['a text that is no expression', { expand: { a: 'x' } }, 'wrong_type /tasks/m/expand/a'],
    ['a number', { zip: { a: 3 } }, 'wrong_type /tasks/m/zip/a'],
    ['an empty key', { expand: { '': [1] } }, 'invalid_value /tasks/m/expand/'],
    ['a list', { expand: [1] }, 'wrong_type /tasks/m/expand'],
    ['lists of different length', { zip: { a: [1], b: [] } }, 'invalid_value /tasks/m/zip'],
    ['a product that is too long', { expand: { a: [1, 2], b: [1, 2] }, maxMapLength: 3 }, 'invalid_value /tasks/m/expand'],
    ['a fill value alone', { expand: { a: [1] }, zipFill: 1 }, 'not_allowed_with /tasks/m/zipFill'],
    ['a field of maps alone', { maxConcurrency: 3 }, 'not_allowed_with /tasks/m/maxConcurrency'],
    ['a longer map than any', { expand: { a: [1] }, maxMapLength: 100_001 }, 'invalid_value /tasks/m/maxMapLength'],
    [
      'more than all',
      { expand: { a: [1] }, toleratedFailurePercentage: 101 },
      'invalid_value /tasks/m/toleratedFailurePercentage',
    ],
    ['partial', { expand: { a: [1] }, partial: { b: 2 } }, 'foreign_name /tasks/m/partial'],
    ['an unknown reference', { expand: { a: '${{ tasks.nobody.output }}' } }, 'unknown_reference /tasks/m/expand/a'],
  ])('refuses %s', (_, task, issue) => {
    expect(issues(task)).toEqual([issue]);
  });

  it('says what partial is called here', () => {
    expect(check({ expand: { a: [1] }, partial: {} }).issues[0]!.message).toContain('`with`');
  });

  it('lets only what its with names travel with an item', () => {
    const { dag } = check({
      expand: { a: '${{ tasks.list.output }}' },
      type: 'transform',
      with: { value: '${{ params.list }}' },
    });
    const task = compile(dag!, { ownQueues: [] })
      .plan([])
      .tasks.find(({ id }) => id === 'm')!;
    expect(task.needs).toEqual({ params: ['list'] });
  });
});
