import { describe, expect, test } from 'vitest';
import { compile } from '../../src/dag/compile.js';
import type { Json } from '../../src/dag/json.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';
import { DagDto } from '../../src/spec/dto/dag.dto.js';
import { DependencyDto } from '../../src/spec/dto/dependency.dto.js';
import { RetryDto } from '../../src/spec/dto/retry.dto.js';
import { TaskDto } from '../../src/spec/dto/task.dto.js';
import { fieldsOf, type Shape } from '../../src/spec/field.js';

type Fields = { readonly [name: string]: Json };

/** What the run gets to see of a DAG. */
function compiled({ dag = {}, task = {}, dependency = {} }: { dag?: Fields; task?: Fields; dependency?: Fields }): unknown {
  const spec = {
    id: 'a',
    ...dag,
    tasks: {
      first: { type: 'noop' },
      second: { type: 'http', with: { url: 'https://example.org' }, dependsOn: [{ task: 'first', ...dependency }], ...task },
    },
  };
  const { dag: valid, issues } = checkSpecObject(spec, { ownQueues: ['baton'] });
  expect(issues).toEqual([]);
  const { bodies, plan } = compile(valid!, { ownQueues: ['baton'] });
  return { bodies, plan: plan(bodies.map((_, i) => String(i))) };
}

const told = (shape: Shape): [string, Json][] =>
  [...fieldsOf(shape)].flatMap(([name, facts]): [string, Json][] =>
    facts.default === undefined ? [] : [[name, facts.default]],
  );

describe('a default that editors and docs name is the one that holds: writing it out changes nothing', () => {
  test.each(told(DagDto))('DAG: %s: %j', (name, value) => {
    expect(compiled({ dag: { [name]: value } })).toEqual(compiled({}));
  });
  test.each(told(TaskDto))('task: %s: %j', (name, value) => {
    expect(compiled({ task: { [name]: value } })).toEqual(compiled({}));
  });
  test.each(told(RetryDto))('retry: %s: %j', (name, value) => {
    expect(compiled({ task: { retry: { [name]: value } } })).toEqual(compiled({}));
  });
  test.each(told(DependencyDto))('dependency: %s: %j', (name, value) => {
    expect(compiled({ dependency: { [name]: value } })).toEqual(compiled({}));
  });
});
