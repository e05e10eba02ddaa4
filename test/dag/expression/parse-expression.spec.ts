import { describe, expect, it } from 'vitest';
import {
  checkExpressionCost,
  correctTaskForm,
  ExpressionSyntaxError,
  mergeReferences,
  NO_REFERENCES,
  parseExpression,
  taskForm,
} from '../../../src/dag/expression/index.js';

function syntaxError(source: string): ExpressionSyntaxError {
  try {
    parseExpression(source);
  } catch (error) {
    if (error instanceof ExpressionSyntaxError) return error;
    throw error;
  }
  throw new Error(`${source} parses`);
}

describe('bad syntax is named with its place:', () => {
  it.each([
    ['', 0, 'is empty'],
    ['  ', 0, 'is empty'],
    ['1 +', 3, 'unexpected the end'],
    ['a ? b', 5, 'expected ":", found the end'],
    ['params.a = 1', 9, 'equality is =='],
    ['params.a and true', 9, '&&'],
    ['params.a | lower', 9, 'no pipes'],
    ['$params.a', 0, 'names stand as they are'],
    ['a 😀', 2, '"😀"'],
    ["'abc", 0, 'not closed'],
    ["b'abc'", 0, 'bytes'],
    ['1u', 0, 'unsigned'],
    ['9007199254740992', 0, '2^53'],
    ['1e999', 0, 'number'],
    ['len(params.a)', 0, 'write size(x)'],
    ['params.s.toLowerCase()', 0, 's.lower()'],
    ['uper(params.s)', 0, 'did you mean upper()?'],
    ['foo(1)', 0, 'there are addDuration'],
    ['size()', 0, 'write size(x)'],
    ['size(1, 2)', 0, '2 arguments'],
    ['params.a.size(1)', 0, '2 arguments'],
    ['params.list.map(x)', 0, 'list.map(x, value)'],
    ['map(params.list, x)', 0, 'write list.map'],
    ['params.list.map(1, 2)', 16, 'invalid'],
    ['has(params)', 0, 'has(a.b)'],
    ['has(a.b, c.d)', 0, 'has(a.b)'],
    ["params.s.matches('(?=a)')", 17, 'lookaround'],
    ["params.s.matches('[')", 17, 'matches()'],
    ['"Bearer " + secrets.TOKEN', 0, 'must stand alone'],
    ['secrets', 0, 'secrets.NAME'],
    ['secrets[params.a]', 0, 'secrets.NAME'],
    ['secrets.A.b', 0, 'must stand alone'],
    ['attempt + 1', 0, 'must stand alone'],
    ["ident('a') + 'b'", 0, 'whole expression'],
  ])('%s', (source, offset, message) => {
    const error = syntaxError(source);
    expect(error.message).toContain(message);
    expect(error.offset).toBe(offset);
  });
});

describe('names that an expression reads', () => {
  it('are found in every place, computed keys included', () => {
    const { references } = parseExpression(
      "params.list.map(x, x + params.b + tasks.a.output.v[params.i]).size() > index && tasks['b-c'].state == 'failed' && run.ds == item.day && has(params.h) && foo.bar",
    );
    expect(references).toEqual({
      ...NO_REFERENCES,
      params: ['b', 'h', 'i', 'list'],
      run: true,
      runFields: ['ds'],
      tasks: [
        { id: 'a', form: 'dot', field: 'output' },
        { id: 'b-c', form: 'index', field: 'state' },
      ],
      item: true,
      index: true,
      unknown: ['foo'],
    });
  });

  it('are the whole of params or tasks when the key is computed or absent', () => {
    expect(parseExpression('params[item.name]').references).toMatchObject({ paramsWhole: true, item: true, params: [] });
    expect(parseExpression('tasks').references.tasksWhole).toBe(true);
    expect(parseExpression('tasks.map(t, tasks[t].state)').references.tasksWhole).toBe(true);
  });

  it('do not include variables of loops, even those that hide a root', () => {
    expect(parseExpression('params.l.map(item, item.a + params.l.map(tasks, tasks.b).size())').references).toEqual({
      ...NO_REFERENCES,
      params: ['l'],
    });
    expect(parseExpression('params.l.map(x, x) == x').references.unknown).toEqual(['x']);
  });

  it('know secrets and attempt, which stand alone', () => {
    expect(parseExpression(' secrets.TOKEN ').references.secrets).toEqual(['TOKEN']);
    expect(parseExpression("secrets['TOKEN']").references.secrets).toEqual(['TOKEN']);
    expect(parseExpression('attempt').references.attempt).toBe(true);
  });

  it('merge without duplicates', () => {
    const merged = mergeReferences([
      parseExpression('tasks.a.output + params.x').references,
      parseExpression('tasks.a.output + tasks.a.state').references,
    ]);
    expect(merged.tasks).toEqual([
      { id: 'a', form: 'dot', field: 'output' },
      { id: 'a', form: 'dot', field: 'state' },
    ]);
    expect(merged.params).toEqual(['x']);
  });
});

describe('a task id in the wrong form', () => {
  const ids = new Set(['a', 'my', 'my-id', 'a-b-c', 'v1.2', 'load-1', 'in', 'if', 'it_s']);
  it.each<[string, string | undefined]>([
    ['tasks.my-id.output', "tasks['my-id'].output"],
    ['1 + tasks.a-b-c.output.x', "tasks['a-b-c'].output.x"],
    ['tasks.load-1.output', "tasks['load-1'].output"],
    ['tasks.v1.x', undefined],
    ['tasks.if.output', "tasks['if'].output"],
    ['tasks.not-there.state', "tasks['not-there'].state"],
    ['tasks.a.output-tasks.my.output', undefined],
    ['tasks.a.output.x - 1', undefined],
    ['tasks.a.output', undefined],
    ['tasks.it_s.state', undefined],
  ])('%s should be %s', (source, right) => {
    const [form] = parseExpression(source).tasksForms;
    expect(form).toBeDefined();
    expect(correctTaskForm(form as NonNullable<typeof form>, ids)).toBe(right);
  });

  it.each([
    ['tasks.2024-load.output', "tasks['2024-load']"],
    ['tasks.in.output', "tasks['in']"],
  ])('%s fails in the parser and names %s', (source, right) => {
    const error = syntaxError(source);
    expect(error.code).toBe('expression_task_id');
    expect(error.message).toContain(right);
  });

  it('is written with its quotes escaped', () => {
    expect(taskForm("a'b")).toBe("tasks['a\\'b']");
    expect(taskForm('load')).toBe('tasks.load');
  });
});

describe('cost', () => {
  it.each<[string, boolean]>([
    ['params.a.all(x, params.a.all(y, x == y))', true],
    ['params.a.map(x, x).map(x, x).filter(x, x > 0).all(x, true)', true],
    ['[1, 2].all(x, params.a.all(y, params.a.all(z, true)))', true],
    ['params.a.all(x, params.a.all(y, params.a.all(z, x == y)))', false],
    ['params.a.map(x, params.a.filter(y, true).map(y, params.a.exists(z, z == 1)))', false],
    ['params.a.map(x, size(params.a.map(y, {"k": [params.a.map(z, z)]})))', false],
  ])('%s is accepted: %s', (source, accepted) => {
    const reason = checkExpressionCost(parseExpression(source));
    if (accepted) expect(reason).toBeUndefined();
    else expect(reason).toMatch(/3 loops/);
  });
});
