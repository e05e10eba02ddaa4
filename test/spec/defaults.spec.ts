import { describe, expect, test } from 'vitest';
import { compile } from '../../src/dag/compile.js';
import type { Json } from '../../src/dag/json.js';
import type { TaskType } from '../../src/dag/task-type.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';
import { DagDto } from '../../src/spec/dto/dag.dto.js';
import { DependencyDto } from '../../src/spec/dto/dependency.dto.js';
import { HookDto } from '../../src/spec/dto/hook.dto.js';
import { JoinDto } from '../../src/spec/dto/join.dto.js';
import { RetryDto } from '../../src/spec/dto/retry.dto.js';
import { TaskDto } from '../../src/spec/dto/task.dto.js';
import { WITH_SHAPES } from '../../src/spec/dto/with.dto.js';
import { fieldsOf, type Shape } from '../../src/spec/field-facts.js';

type Fields = { readonly [name: string]: Json };

const numbered = (list: readonly object[]): string[] => list.map((_, i) => String(i));

/** What the run gets to see of a DAG. */
function compiled({ dag = {}, task = {}, dependency = {} }: { dag?: Fields; task?: Fields; dependency?: Fields }): unknown {
  const spec = {
    id: 'a',
    ...dag,
    tasks: {
      first: { type: 'noop' },
      second: { type: 'http', with: { url: 'https://example.org' }, dependsOn: [{ task: 'first', ...dependency }], ...task },
      third: { type: 'noop', dependsOn: ['second'] },
    },
  };
  const { dag: valid, issues } = checkSpecObject(spec, { ownQueues: ['baton'] });
  expect(issues).toEqual([]);
  const { bodies, subs, plan } = compile(valid!, { ownQueues: ['baton'] });
  return { bodies, subs: subs.map((sub) => sub.plan([])), plan: plan(numbered(bodies), numbered(subs)) };
}

/** Types whose input the run itself reads, and not a worker. */
const INPUTS: { readonly [type in TaskType]?: Fields } = {
  // biome-ignore lint/suspicious/noThenProperty: a field of the language
  branch: { cases: [{ when: true, then: ['third'] }] },
  wait: { file: 'a.csv' },
  approval: { message: 'Go?', rewindTo: 'first' },
  dag: { tasks: { inner: { type: 'noop' } } },
};

const told = (shape: Shape): [string, Json][] =>
  [...fieldsOf(shape)].flatMap(([name, facts]): [string, Json][] =>
    facts.default === undefined ? [] : [[name, facts.default]],
  );

describe('a default that editors and docs name is the one that holds: writing it out changes nothing', () => {
  test.each(told(DagDto))('DAG: %s: %j', (name, value) => {
    expect(compiled({ dag: { [name]: value } })).toEqual(compiled({}));
  });
  test.each(told(TaskDto))('task: %s: %j', (name, value) => {
    const of: Fields = fieldsOf(TaskDto).get(name)?.about?.startsWith('Maps: ') ? { expand: { n: [1, 2] } } : {};
    expect(compiled({ task: { ...of, [name]: value } })).toEqual(compiled({ task: of }));
  });
  test.each(told(HookDto))('hook: %s: %j', (name, value) => {
    const exit = { type: 'http', with: { url: 'https://example.org' } };
    expect(compiled({ dag: { hooks: { exit: { ...exit, [name]: value } } } })).toEqual(compiled({ dag: { hooks: { exit } } }));
  });
  test.each(told(JoinDto))('join: %s: %j', (name, value) => {
    const join = { minSuccess: 1 };
    expect(compiled({ task: { join: { ...join, [name]: value } } })).toEqual(compiled({ task: { join } }));
  });
  test.each(
    Object.entries(INPUTS).flatMap(([type, input]) =>
      told(WITH_SHAPES[type as TaskType]).map(([name, value]) => [type, name, value, input] as const),
    ),
  )('%s: %s: %j', (type, name, value, input) => {
    expect(compiled({ task: { type, with: { ...input, [name]: value } } })).toEqual(compiled({ task: { type, with: input } }));
  });
  test.each(told(RetryDto))('retry: %s: %j', (name, value) => {
    expect(compiled({ task: { retry: { [name]: value } } })).toEqual(compiled({}));
  });
  test.each(told(DependencyDto))('dependency: %s: %j', (name, value) => {
    expect(compiled({ dependency: { [name]: value } })).toEqual(compiled({}));
  });
});
