import { FUNCTIONS } from '../../src/dag/expression/index.js';
import { FAILURE_FACTS } from '../../src/dag/failure-facts.js';
import { ISSUE_CODES } from '../../src/dag/issue.js';
import { ISSUE_FACTS } from '../../src/dag/issue-facts.js';
import { TRIGGER_RULES } from '../../src/dag/spec.js';
import { FAILURE_KINDS } from '../../src/dag/state.js';
import { LATER_TASK_TYPES, TASK_TYPES } from '../../src/dag/task-type.js';
import { TRIGGER_RULE_FACTS } from '../../src/dag/trigger-rule-facts.js';
import { DagDto } from '../../src/spec/dto/dag.dto.js';
import { TaskDto } from '../../src/spec/dto/task.dto.js';
import { WITH_SHAPES } from '../../src/spec/dto/with.dto.js';
import type { Shape } from '../../src/spec/field-facts.js';
import { FOREIGN_NAMES } from '../../src/spec/foreign-names.js';
import { LATER_FIELDS, LATER_SCHEDULE_FIELDS, NOT_IN_DEFAULTS } from '../../src/spec/later-fields.js';
import { shapesOfLanguage } from '../../src/spec/shapes.js';
import { fieldTable } from './field-table.js';
import { markdownTable } from './markdown-table.js';

const code = (list: readonly string[]): string => list.map((name) => `\`${name}\``).join(' ');

/** Tables of fields that are not called `fields of <class without Dto>`. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['DagDto', 'fields of a DAG'],
  ['TaskDto', 'fields of a task'],
  ['RetryDto', 'fields of retry'],
  ['RetryRuleDto', 'fields of a retry rule'],
  ['CacheDto', 'fields of cache'],
  ['DagHooksDto', 'fields of hooks'],
  ['HookDto', 'fields of a hook'],
  ['RetryHookDto', 'fields of a hook between attempts'],
  ['TaskHooksDto', 'fields of hooks of a task'],
  ['DependencyDto', 'fields of a dependency'],
  ['CronScheduleDto', 'schedule by cron'],
  ['EveryScheduleDto', 'schedule by beat'],
  ['AtScheduleDto', 'schedule by times'],
  ['JoinDto', 'fields of a join'],
  ['BranchCaseDto', 'case of branch'],
  ['HttpExpectDto', 'expect of http'],
  ['HttpWaitDto', 'http of wait'],
  ['SqlWaitDto', 'sql of wait'],
  ['RunWaitDto', 'run of wait'],
  ['DeadlineDto', 'deadlines'],
  ['SqlResultDto', 'result of sql'],
]);

/** `defaults` has the fields of a task; noop has none. */
const WITHOUT_TABLE: ReadonlySet<string> = new Set(['TaskDefaultsDto', 'NoopWithDto']);

function tableName(shape: Shape): string {
  const type = Object.entries(WITH_SHAPES).find(([, each]) => each === shape)?.[0];
  return type === undefined ? (NAMES.get(shape.name) ?? `fields of ${shape.name.replace(/Dto$/, '')}`) : `with of ${type}`;
}

function owner(shape: Shape): string {
  const type = Object.entries(WITH_SHAPES).find(([, each]) => each === shape)?.[0];
  if (type !== undefined) return `\`with\` of ${type}`;
  return shape === DagDto ? 'DAG' : shape === TaskDto ? 'task' : `\`${shape.name.replace(/Dto$/, '').toLowerCase()}\``;
}

/** What stands in docs/spec.md between `<!-- name -->` and `<!-- end -->`, made from where it is declared. */
export const SPEC_PARTS: { readonly [name: string]: string } = {
  ...Object.fromEntries(
    [...shapesOfLanguage().values()]
      .filter(({ name }) => !WITHOUT_TABLE.has(name))
      .map((shape) => [tableName(shape), fieldTable(shape)]),
  ),
  'task types': markdownTable(
    ['type', 'what it does'],
    Object.entries(TASK_TYPES).map(([type, { summary, carriedOutBy }]) => [
      `[\`${type}\`](#${type})`,
      `${summary}${carriedOutBy === 'walk' ? ' Carried out by the run itself, without a worker.' : ''}`,
    ]),
  ),
  'trigger rules': markdownTable(
    ['rule', 'the task runs when'],
    TRIGGER_RULES.map((rule) => [`\`${rule}\``, TRIGGER_RULE_FACTS[rule]]),
  ),
  functions: markdownTable(
    ['function', 'gives'],
    [...FUNCTIONS.values()].sort((a, b) => (a.usage < b.usage ? -1 : 1)).map(({ usage, gives }) => [`\`${usage}\``, gives]),
  ),
  'failure kinds': markdownTable(
    ['kind', 'meaning'],
    FAILURE_KINDS.map((kind) => [`\`${kind}\``, FAILURE_FACTS[kind]]),
  ),
  'issue codes': markdownTable(
    ['code', 'cause', 'fix'],
    ISSUE_CODES.map((issue) => [`\`${issue}\``, ISSUE_FACTS[issue].cause, ISSUE_FACTS[issue].fix]),
  ),
  'later parts': [
    ...[...LATER_FIELDS]
      .filter(([shape, fields]) => !WITHOUT_TABLE.has(shape.name) && fields.length > 0)
      .map(([shape, fields]) => `- ${owner(shape)}: ${code(fields)}`),
    `- \`schedule\`: a list, ${code(LATER_SCHEDULE_FIELDS)}`,
    `- task types: ${code(LATER_TASK_TYPES)}`,
  ].join('\n'),
  'not in defaults': code(NOT_IN_DEFAULTS),
  'names of other tools': markdownTable(
    ['elsewhere', 'here'],
    [DagDto, TaskDto].flatMap((shape) =>
      Object.entries(FOREIGN_NAMES.get(shape) ?? {})
        .sort()
        .map(([theirs, ours]) => [`${shape === DagDto ? 'DAG' : 'task'}: \`${theirs}\``, ours]),
    ),
  ),
};
