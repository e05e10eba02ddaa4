import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TRIGGER_RULES } from '../../src/dag/spec.js';
import { TASK_TYPES } from '../../src/dag/task-type.js';
import { RetryDto } from '../../src/spec/dto/retry.dto.js';
import { HttpWithDto, SqlWithDto } from '../../src/spec/dto/with.dto.js';
import { fieldsOf } from '../../src/spec/field-facts.js';
import { type CompletionItem, LanguageServer } from '../support/language-server.js';

const EXAMPLES = readdirSync('examples').filter((name) => name.endsWith('.yaml'));
const MODELINE = '# yaml-language-server: $schema=../docs/dag.schema.json\n';

let server: LanguageServer;
beforeAll(async () => {
  server = await LanguageServer.start(resolve('examples'), {
    validate: true,
    hover: true,
    completion: true,
    schemaStore: { enable: false },
  });
});
afterAll(() => server.stop());

const offered = async (text: string): Promise<Map<string, CompletionItem>> =>
  new Map((await server.complete(MODELINE + text)).map((item) => [item.label, item]));
const labels = async (text: string): Promise<string[]> => [...(await offered(text)).keys()];
const explained = (item: CompletionItem | undefined): string | undefined =>
  typeof item?.documentation === 'string' ? item.documentation : item?.documentation?.value;
const hover = (text: string): Promise<string> => server.hover(MODELINE + text);
const problems = async (text: string): Promise<string[]> =>
  (await server.problems(MODELINE + text)).map(
    ({ range, message }) => `${range.start.line}:${range.start.character} ${message}`,
  );

/** A task, whose lines are given without their indent. */
const task = (lines: string): string => `id: a\ntasks:\n  first:\n${lines.replace(/^/gm, '    ')}`;

describe('an editor with the YAML language server offers', () => {
  test('the fields of a DAG, each explained, and a whole new one', async () => {
    const items = await offered('|');
    expect([...items.keys()]).toEqual(expect.arrayContaining(['id', 'schedule', 'params', 'defaults', 'tasks', 'a new DAG']));
    expect(explained(items.get('maxActiveTasks'))).toBe('Activities of one run at the same time.\n\nDefault: `16`.');
    expect(items.get('maxActiveTasks')?.insertText).toBe('maxActiveTasks: ${1:16}');
  });

  test('the fields of a task, and one snippet per type', async () => {
    const items = await offered(task('|'));
    expect([...items.keys()]).toEqual(expect.arrayContaining(['type', 'with', 'dependsOn', 'when', 'retry', 'timeout']));
    for (const type of Object.keys(TASK_TYPES)) expect([...items.keys()]).toContain(`task of type ${type}`);
    expect(items.get('task of type sql')?.insertText).toBe('type: sql\nwith:\n  query: ${1:query}');
  });

  test('every task type with what it does', async () => {
    const items = await offered(task('type: |'));
    for (const [type, { summary }] of Object.entries(TASK_TYPES)) expect(explained(items.get(type))).toBe(summary);
  });

  test('in `with` the fields of the type, and of no other', async () => {
    const ofHttp = await labels(task('type: http\nwith:\n  |'));
    expect(ofHttp).toEqual(expect.arrayContaining([...fieldsOf(HttpWithDto).keys()]));
    expect(ofHttp).not.toContain('parameters');
    expect((await offered(task('type: sql\nwith:\n  |'))).get('query')?.insertText).toBe('query: ');
    const ofSql = await labels(task('type: sql\nwith:\n  query: select 1\n  |'));
    expect(ofSql).toEqual(expect.arrayContaining([...fieldsOf(SqlWithDto).keys()].filter((name) => name !== 'query')));
    expect(ofSql).not.toContain('url');
    expect(await labels('id: a\nhooks:\n  exit:\n    type: http\n    with:\n      |')).toEqual(
      expect.arrayContaining([...fieldsOf(HttpWithDto).keys()]),
    );
  });

  test('every trigger rule with its meaning, the conditions of an edge, the fields of a retry', async () => {
    const rules = await offered(task('type: noop\ntriggerRule: |'));
    for (const rule of TRIGGER_RULES) expect(explained(rules.get(rule))).toMatch(/\w/);
    const conditions = await labels(task('type: noop\ndependsOn:\n  - task: b\n    on: |'));
    expect(conditions).toEqual(expect.arrayContaining(['success', 'completion', 'failure', 'skipped']));
    expect(await labels(task('type: http\nretry:\n  |'))).toEqual([...fieldsOf(RetryDto).keys()]);
  });

  test('presets of a schedule, and the keywords of the schema of a param', async () => {
    const presets = await offered('id: a\nschedule: |');
    expect(presets.get('@daily')).toMatchObject({ insertText: '"@daily"' });
    expect(await labels('id: a\nparams:\n  day:\n    |')).toEqual(
      expect.arrayContaining(['type', 'default', 'enum', 'format']),
    );
  });
});

describe('an editor with the YAML language server shows', () => {
  test('what a field is and what holds without it', async () => {
    expect(await hover(task('type: http\ntime|out: 5m'))).toMatch(
      /^#### Task\n\nOf one attempt; of a whole wait or approval, whose default is 7d\.\n\nDefault: `10m`\./,
    );
    expect(await hover(task('type: http\nretry: { max|Attempts: 2 }'))).toContain('All attempts, the first included');
    // And where more is said.
    expect(await hover(task('type: noop\nexp|and: { n: [1] }'))).toContain('More: docs/spec.md, *Maps*.');
    expect(await hover(task('type: wait\nwi|th: { duration: 1h }'))).toContain('More: docs/spec.md, *wait*.');
  });

  test('what the type of a task does, and what its input is', async () => {
    expect(await hover(task('type: tran|sform'))).toContain('`transform`: Computes a value from expressions');
    expect(await hover(task('type: sql\nwi|th: { query: select 1 }'))).toContain('Input of a task of type sql.');
    expect(await hover(task('type: sql\nwith: { qu|ery: select 1 }'))).toMatch(/^#### with of sql\n\nSQL, or a list[^|]*$/);
    expect(await hover(task('type: noop\ndependsOn: [{ task: b, o|n: failure }]'))).toMatch(
      /^#### Dependency\n\nWhat the edge/,
    );
  });

  test('what is wrong, where it stands, and nothing else', async () => {
    expect(await problems(task('type: http\ntimeout: 5 minutes\nwith: { urll: x }'))).toEqual([
      '5:13 A duration has its units, the largest first: 90s, 5m, 1h30m, 2d or 250ms.',
      '6:4 Missing property "url".',
      '6:12 Property urll is not allowed.',
    ]);
    expect(await problems(task('type: http\nwith: { url: x }\nresources: { cpu: 0.5, memory: 2gib, gpu: -1 }'))).toEqual([
      '6:35 A size is a number with its unit, such as 512MiB or 2GiB.',
      '6:46 Value is below the minimum of 0.',
    ]);
    expect(await problems(task('type: htp'))).toEqual([
      expect.stringContaining('4:10 Value is not accepted. Valid values: "noop"'),
    ]);
    expect(await problems(task('type: noop\nwhen: params.go'))).toEqual(['5:10 Write one whole expression: "${{ ... }}".']);
    expect(await problems(`owner: "\${{ params.x }}"\n${task('type: noop')}`)).toEqual([
      '1:7 This is fixed when the DAG is stored; expressions stand in `when`, `with` and `outputs`.',
    ]);
  });

  test.each(EXAMPLES)('examples/%s, which names its schema, without a problem', async (name) => {
    const text = readFileSync(join('examples', name), 'utf8');
    expect(text.split('\n')[0]).toBe(MODELINE.trim());
    expect(await server.problems(text)).toEqual([]);
  });
});
