import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FUNCTIONS } from '../../src/dag/expression/index.js';
import { ISSUE_CODES } from '../../src/dag/issue.js';
import type { Json } from '../../src/dag/json.js';
import { EDGE_CONDITIONS, TRIGGER_RULES } from '../../src/dag/spec.js';
import { LATER_TASK_TYPES, TASK_TYPES } from '../../src/dag/task-type.js';
import { checkSpec } from '../../src/spec/check-spec.js';
import { DagDto } from '../../src/spec/dto/dag.dto.js';
import { RetryDto } from '../../src/spec/dto/retry.dto.js';
import { TaskDto } from '../../src/spec/dto/task.dto.js';
import { SqlWithDto, WITH_SHAPES } from '../../src/spec/dto/with.dto.js';
import { fieldsOf } from '../../src/spec/field.js';
import { FOREIGN_NAMES } from '../../src/spec/foreign-names.js';
import { LATER_FIELDS, LATER_SCHEDULE_FIELDS, NOT_IN_DEFAULTS } from '../../src/spec/later-fields.js';
import { specSchema } from '../../src/spec/spec-schema.js';

const FILE = 'docs/spec.md';
const document = readFileSync(FILE, 'utf8').split('\n').map(withoutPadding).join('\n');
/** A row of a table as it is without the blanks that line its columns up. */
function withoutPadding(line: string): string {
  if (!line.startsWith('|')) return line;
  return /^[|\s-]+$/.test(line) ? line.replace(/ *-+ */g, '---') : line.replace(/ +\|/g, ' |').replace(/\| +/g, '| ');
}

type Schema = { readonly [keyword: string]: Json };

/** What may stand in a field, in words, from its JSON Schema. */
function words(schema: Schema): string {
  const any = schema.anyOf as readonly Schema[] | undefined;
  if (any !== undefined)
    return any.map((each) => (each.pattern === '^\\s*\\$\\{\\{' ? 'one `${{ }}`' : words(each))).join(' or ');
  if (typeof schema.$ref === 'string') return `{${schema.$ref.replace(/^.*\//, '').replace(/Dto$/, '')}}`;
  if (schema.enum !== undefined) return (schema.enum as string[]).map((each) => `\`${each}\``).join(' ');
  if (schema.examples !== undefined) return 'duration';
  if (Array.isArray(schema.type)) return schema.type.map((type) => words({ type: type as Json })).join(', ');
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'any values' : words(schema.items as Schema)}`;
  if (schema.type === 'object')
    return schema.additionalProperties === undefined ? 'map' : `map of ${words(schema.additionalProperties as Schema)}`;
  const range = schema.minimum === undefined ? '' : ` ${String(schema.minimum)} to ${String(schema.maximum)}`;
  return (
    { string: 'text', boolean: 'true or false', integer: `whole number${range}`, number: `number${range}`, null: 'null' }[
      String(schema.type)
    ] ?? 'any value'
  );
}

/** The table of the fields of one shape. */
function fieldTable(shape: Schema): string {
  const required = (shape.required ?? []) as readonly string[];
  const rows = Object.entries(shape.properties as { [name: string]: Schema }).map(([name, schema]) => {
    const { description, ...rest } = schema;
    return `| \`${name}\`${required.includes(name) ? ' *' : ''} | ${words(rest)} | ${String(description)} |`;
  });
  return ['| field | value | meaning |', '|---|---|---|', ...rows].join('\n');
}

const schema = specSchema();
const defs = schema.$defs as { readonly [name: string]: Schema };
const names = (list: readonly string[]): string => list.map((name) => `\`${name}\``).join(' ');

/** What stands between `<!-- name -->` and `<!-- end -->`. */
const GENERATED: { readonly [name: string]: string } = {
  'fields of a DAG': fieldTable(schema),
  'fields of a task': fieldTable(defs.TaskDto as Schema),
  'fields of retry': fieldTable(defs.RetryDto as Schema),
  'fields of a dependency': fieldTable(defs.DependencyDto as Schema),
  'fields of a join': fieldTable(defs.JoinDto as Schema),
  'case of branch': fieldTable(defs.BranchCaseDto as Schema),
  'schedule by cron': fieldTable(defs.CronScheduleDto as Schema),
  'schedule by beat': fieldTable(defs.EveryScheduleDto as Schema),
  'schedule by times': fieldTable(defs.AtScheduleDto as Schema),
  ...Object.fromEntries(
    Object.entries(WITH_SHAPES)
      .filter(([, shape]) => fieldsOf(shape).size > 0)
      .map(([type, shape]) => [`with of ${type}`, fieldTable(defs[shape.name] as Schema)]),
  ),
  'expect of http': fieldTable(defs.HttpExpectDto as Schema),
  'result of sql': fieldTable(defs.SqlResultDto as Schema),
  'task types': [
    '| type | |',
    '|---|---|',
    ...Object.entries(TASK_TYPES).map(
      ([type, { summary, carriedOutBy }]) =>
        `| \`${type}\` | ${summary}${carriedOutBy === 'walk' ? ' Runs inside the walk, without a worker.' : ''} |`,
    ),
  ].join('\n'),
  'later parts': [
    `- DAG: ${names(LATER_FIELDS.get(DagDto) ?? [])}`,
    `- task: ${names(LATER_FIELDS.get(TaskDto) ?? [])}`,
    `- \`retry\`: ${names(LATER_FIELDS.get(RetryDto) ?? [])}`,
    `- \`with\` of sql: ${names(LATER_FIELDS.get(SqlWithDto) ?? [])}`,
    `- \`schedule\`: a list, ${names(LATER_SCHEDULE_FIELDS)}`,
    `- task types: ${names(LATER_TASK_TYPES)}`,
  ].join('\n'),
  'not in defaults': names(NOT_IN_DEFAULTS),
  'names of other tools': [
    '| elsewhere | here |',
    '|---|---|',
    ...[DagDto, TaskDto].flatMap((shape) =>
      Object.entries(FOREIGN_NAMES.get(shape) ?? {})
        .sort()
        .map(([theirs, ours]) => `| ${shape === DagDto ? 'DAG' : 'task'}: \`${theirs}\` | ${ours.replaceAll('|', '\\|')} |`),
    ),
  ].join('\n'),
};

describe('docs/spec.md', () => {
  test.each(Object.keys(GENERATED))('%s is as in the code', (name) => {
    const block = new RegExp(`(<!-- ${name} -->\\n)([\\s\\S]*?)\\n?(<!-- end -->)`);
    const expected = GENERATED[name] as string;
    // UPDATE_DOCS=1 writes the tables anew.
    if (process.env.UPDATE_DOCS !== undefined)
      writeFileSync(
        FILE,
        readFileSync(FILE, 'utf8').replace(block, (_, open: string, __, close: string) => `${open}${expected}\n${close}`),
      );
    else expect(block.exec(document)?.[2]).toBe(expected);
  });

  const column = (heading: string): string[] => {
    const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
    return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] as string);
  };

  test('every issue code stands in the table with cause and fix, in order', () =>
    expect(column('Issues')).toEqual([...ISSUE_CODES]));
  test('every trigger rule stands in its table', () => expect(column('Trigger rules')).toEqual([...TRIGGER_RULES]));
  test('every function of expressions stands in its table as it is used', () =>
    expect(column('Functions').sort()).toEqual([...FUNCTIONS.values()].map(({ usage }) => usage).sort()));
  test('every condition of an edge stands in its table', () =>
    expect(column('Dependencies')).toEqual(expect.arrayContaining([...EDGE_CONDITIONS])));
  test('its example is valid', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
    expect(checkSpec(example, 'yaml', { ownQueues: [] }).issues).toEqual([]);
  });
  test('every task type has a section', () => {
    for (const type of Object.keys(TASK_TYPES)) expect(document).toContain(`\n### ${type}\n`);
  });
});
