import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_ISSUES } from '../../src/dag/issue.js';
import { comparePointers } from '../../src/dag/json-pointer.js';
import { checkSpec, checkSpecObject } from '../../src/spec/check-spec.js';
import { readSpec } from '../../src/spec/read-spec.js';
import { schemaProblems } from '../support/spec-schema-validator.js';

const OWN = { ownQueues: ['baton'] };

const GOOD = `
apiVersion: v1
id: good
description: All there is
owner: team
tags: [a, b]
schedule: { cron: ["0 2 * * *", "@daily"], timezone: Europe/Berlin, jitter: 30s }
startDate: 2024-02-29
endDate: 2025-01-01T00:00:00+01:00
timezone: UTC
catchup: true
maxActiveTasks: 4
failFast: true
timeout: 6h
params:
  day: { type: string, default: "2024-01-01" }
  table: { type: string, default: t }
defaults: { timeout: 5m, priority: 2, triggerRule: none_failed, queue: null, retry: { maxAttempts: 3, interval: 10s, jitter: 0.5 } }
outputs: { rows: "\${{ tasks.load.output.rowCount }}", all: { nested: ["\${{ tasks['a.b-c'].state }}"] } }
tasks:
  start: { type: noop, description: "costs $\{{ 5 }" }
  a.b-c: { type: http, dependsOn: [start], with: { url: "\${{ params.day }}", method: POST, headers: { A: 1, B: "Bearer \${{ secrets.TOKEN }}" }, query: { q: [1, null] }, body: null, expect: { status: [200, 404] }, maxResponseBytes: 1000 } }
  value: { type: transform, dependsOn: [{ task: a.b-c, on: [success, skipped] }], when: "\${{ params.day != '' }}", with: { value: null }, outputSchema: true }
  load:
    type: sql
    dependsOn: [value]
    retry: { maxAttempts: null, totalTimeout: PT1H, nonRetryableErrors: [SqlError], infraAttempts: 0, multiplier: 1.5, maxInterval: 1m }
    queueTimeout: 1m
    heartbeatTimeout: 10s
    with: { query: ["select * from \${{ ident(params.table) }} where a = \${{ run.ds }}", "select 'it''s', \${{ params.day }}"], inputs: { x: "\${{ tasks.value.output }}" }, parameters: "\${{ params }}", result: { file: "/data/\${{ run.ds }}.csv", format: csv }, maxRows: 5, database: x.duckdb }
  run: { type: shell, dependsOn: [load], with: { argv: [echo, 1, true, "\${{ attempt }}"], env: { A: b }, stdin: { a: 1 }, stdout: json, cwd: /tmp } }
  call: { type: activity, dependsOn: [load], queue: python, with: { name: f, args: ["\${{ run.id }}", { deep: "\${{ params.day }}" }] } }
  mine: { type: activity, timeout: null, when: false, with: { name: g, args: "\${{ params.day.split('-') }}" } }
`;

describe('a spec that uses every supported field', () => {
  test('is valid as YAML and, written as JSON, as JSON', () => {
    const yaml = checkSpec(GOOD, 'yaml', OWN);
    expect(yaml.issues).toEqual([]);
    expect(yaml.dag?.id).toBe('good');
    const json = checkSpec(JSON.stringify(yaml.canonical), 'json', OWN);
    expect(json.issues).toEqual([]);
    expect(json.dag).toEqual(yaml.dag);
    expect(checkSpecObject(yaml.canonical, OWN).dag).toEqual(yaml.dag);
  });

  test('conforms to the JSON Schema made from the same DTOs', () => {
    expect(schemaProblems(readSpec(GOOD, 'yaml').canonical)).toEqual([]);
  });

  test('keeps the parsed value before defaults, for the hash', () => {
    expect(readSpec('id: x\ntasks: { a: { type: noop } }', 'yaml').canonical).toEqual({
      id: 'x',
      tasks: { a: { type: 'noop' } },
    });
  });
});

describe('issues', () => {
  test('come all at once, ordered by path with numbers by value, each where it stands in the text', () => {
    const text = `id: 7
timout: 5m
tasks:
  a:
    type: noop
    dependsOn: [${Array.from({ length: 11 }, (_, i) => (i === 2 || i === 10 ? 'null' : 'b'))
      .slice(0, 3)
      .join(', ')}, b, b, b, b, b, b, b, 5]
  b: { type: http, retries: 3, with: { uri: x } }
`;
    const { issues } = checkSpec(text, 'yaml', OWN);
    const shown = issues.map(({ code, path, line, column }) => `${line}:${column} ${code} ${path}`);
    expect(shown.filter((each) => !each.includes('duplicate_dependency'))).toEqual([
      '1:5 wrong_type /id',
      '6:23 wrong_type /tasks/a/dependsOn/2',
      '6:50 wrong_type /tasks/a/dependsOn/10',
      '7:20 foreign_name /tasks/b/retries',
      '7:40 foreign_name /tasks/b/with/uri',
      '7:32 missing_field /tasks/b/with/url',
      '2:1 unknown_field /timout',
    ]);
    expect(issues.map(({ path }) => path)).toEqual(issues.map(({ path }) => path).sort(comparePointers));
  });

  test('have the same positions in JSON', () => {
    const { issues } = checkSpec(
      '{\n  "id": "x",\n  "tasks": {\n    "a": {"type": "noop", "dependsOn": ["b", "b\\u0063"]}\n  }\n}',
      'json',
      OWN,
    );
    expect(issues.map(({ path, line, column }) => `${line}:${column} ${path}`)).toEqual([
      '4:41 /tasks/a/dependsOn/0',
      '4:46 /tasks/a/dependsOn/1',
    ]);
  });

  test('are capped, errors before warnings', () => {
    const tasks = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`t${i}`, { type: 'noop', bad: 1 }]));
    const { issues } = checkSpec(JSON.stringify({ id: 'x', tasks }), 'json', OWN);
    expect(issues).toHaveLength(MAX_ISSUES);
    expect(issues.every(({ severity }) => severity === 'error')).toBe(true);
  });

  test('of a refused part make no noise elsewhere', () => {
    const { issues } = checkSpec(
      `
id: x
schedule: { events: { of: [] } }
params: { day: { type: string } }
tasks:
  list: { type: quality, setup: true, with: { anything: "\${{ nonsense(" } }
  each: { type: shell, dependsOn: [list], expand: { f: "\${{ tasks.list.output }}" }, with: { argv: [echo, "\${{ item.f }}", "\${{ index }}"] } }
  stop: { type: noop, teardown: [list] }
  last: { type: transform, dependsOn: [stop], with: { value: "\${{ tasks.list.output.x }}" } }
`,
      'yaml',
      OWN,
    );
    expect(issues.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'not_yet_supported /schedule/events',
      'not_yet_supported /tasks/list/type',
    ]);
  });
});

describe('hostile input', () => {
  test('ids and names of JavaScript are names like any other', () => {
    const { issues, dag } = checkSpec(
      `
id: constructor
params: { toString: { type: string, default: a }, hasOwnProperty: { default: b } }
outputs: { valueOf: "\${{ tasks.constructor.output }}" }
tasks:
  constructor: { type: transform, with: { value: { __proto__: { a: 1 }, then: "\${{ params.toString }}" } } }
  toString: { type: noop, dependsOn: [constructor] }
  hasOwnProperty: { type: http, dependsOn: [toString], with: { url: "http://x", body: { constructor: { prototype: 1 } } } }
`,
      'yaml',
      OWN,
    );
    expect(issues).toEqual([]);
    expect(Object.keys(dag?.tasks ?? {}).sort()).toEqual(['constructor', 'hasOwnProperty', 'toString']);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  test('any JSON value in place of any part raises no exception', { timeout: 120_000 }, () => {
    const key = fc.oneof(
      fc.constantFrom(
        'id',
        'tasks',
        'defaults',
        'params',
        'schedule',
        'outputs',
        'type',
        'with',
        'dependsOn',
        'task',
        'on',
        'retry',
        'when',
        'url',
        'query',
        'argv',
        'value',
        'headers',
        'expect',
        'result',
        'timeout',
        'queue',
        'outputSchema',
        'cron',
        'every',
        'at',
        'startDate',
        '__proto__',
        'constructor',
        'toString',
        'a',
        'b',
        'triggerRule',
        'default',
        'tags',
        'maxAttempts',
        'interval',
        'name',
        'args',
        'expand',
        'teardown',
      ),
      fc.string(),
    );
    const leaf = fc.oneof(
      fc.constantFrom<unknown>(
        'noop',
        'http',
        'sql',
        'activity',
        'transform',
        'shell',
        'branch',
        'a',
        'b',
        '5m',
        '@daily',
        '${{ params.a }}',
        '${{ tasks.a.output }}',
        '${{',
        '2024-01-01',
        null,
        true,
        0,
        -1,
        1e300,
        'failure',
        'all_done',
      ),
      fc.jsonValue({ maxDepth: 1 }),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6, depthSize: 'small' },
        leaf,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 6 }),
      ),
    }));
    const spec = fc.oneof(
      tree,
      fc.record({
        id: tree,
        tasks: fc.dictionary(key, fc.oneof(tree, fc.dictionary(key, tree, { maxKeys: 8 })), { maxKeys: 4 }),
      }),
      fc.dictionary(key, tree, { maxKeys: 8 }),
    );
    fc.assert(
      fc.property(spec, (value) => {
        const result = checkSpecObject(value, OWN);
        for (const issue of result.issues) expect(issue.message.length).toBeGreaterThan(5);
        expect(result.dag === undefined).toBe(result.issues.some(({ severity }) => severity === 'error'));
        const text = JSON.stringify(value);
        if (text !== undefined)
          expect(checkSpec(text, 'json', OWN).issues.map(({ code, path }) => `${code} ${path}`)).toEqual(
            checkSpecObject(JSON.parse(text), OWN).issues.map(({ code, path }) => `${code} ${path}`),
          );
      }),
      { numRuns: 1500 },
    );
  });

  test('any text raises no exception', { timeout: 120_000 }, () => {
    const word = fc.constantFrom(
      'id: ',
      'tasks:\n',
      '  a: ',
      '{',
      '}',
      '[',
      ']',
      '- ',
      ': ',
      ',',
      '"',
      "'",
      '&a ',
      '*a',
      '${{ ',
      ' }}',
      '|\n',
      '>',
      '\n',
      '  ',
      '? ',
      '!!str ',
      '%YAML 1.2\n',
      '---\n',
      '...',
      '#',
      'x',
      '<<: ',
      '\t',
      '\u0000',
      '\u2028',
      'null',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 3 })), { maxLength: 40 }), (parts) => {
        for (const format of ['yaml', 'json'] as const) {
          const { issues, dag } = checkSpec(parts.join(''), format, OWN);
          expect(dag !== undefined || issues.length > 0).toBe(true);
        }
      }),
      { numRuns: 1500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        expect(checkSpec(body, 'yaml', OWN).issues.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
