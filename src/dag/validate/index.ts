import type { Issue } from '../issue.js';
import { IssueList } from '../issue-list.js';
import { pointer } from '../json-pointer.js';
import { type DagLimits, DEFAULT_DAG_LIMITS, MAX_CONSECUTIVE_FAILED_RUNS } from '../limits.js';
import { type DagSpec, inlineDag, type ValidDag } from '../spec.js';
import { Suggest } from '../suggest.js';
import { TAG_PATTERN, TAG_RULE } from '../tag.js';
import { keepAnalysis } from './analysis.js';
import { type Checking, taskOf } from './checking.js';
import { checkDeadlines } from './deadlines-check.js';
import { checkDuration } from './duration-check.js';
import { checkEdges, ID_PATTERN, ID_RULE } from './edges.js';
import { type Faults, NO_FAULTS } from './faults.js';
import { warnOfHiddenFailures } from './hidden-failure.js';
import { checkHooks } from './hooks-check.js';
import { checkMaps } from './map-fields.js';
import { checkParams } from './params-check.js';
import { checkSchedule } from './schedule-check.js';
import { checkExpressions } from './task-expressions.js';
import { checkTaskFields } from './task-fields.js';

export type { Faults } from './faults.js';

/** What the meaning of a spec depends on besides the spec. */
export interface ValidateOptions {
  /** Task queues that workers of this service poll: activities elsewhere belong to other workers (R14). */
  readonly ownQueues: readonly string[];
  readonly limits?: Partial<DagLimits>;
  /** Whether the host knows an IANA time zone; default: every name of the right form. */
  readonly isTimeZone?: (name: string) => boolean;
  /** What reading the text has lost; default: nothing. A spec with faults is never valid. */
  readonly faults?: Faults;
}

const MAX_TAGS = 20;

/**
 * Checks the meaning of a spec whose shape is right: all problems at once, ordered by path, at most `MAX_ISSUES`. `dag` is
 * there when none of them is an error; only that can be compiled. Never throws on any {@link DagSpec}.
 * O(tasks + edges), and nodes x edges / 32 steps more where expressions name tasks.
 */
export function validate(spec: DagSpec, options: ValidateOptions): { dag?: ValidDag; issues: Issue[] } {
  return validateDag(spec, options, { inline: false, openParams: false });
}

function validateDag(
  spec: DagSpec,
  options: ValidateOptions,
  place: Pick<Checking, 'inline' | 'openParams'>,
): { dag?: ValidDag; issues: Issue[] } {
  const issues = new IssueList();
  const limits = { ...DEFAULT_DAG_LIMITS, ...options.limits };
  const ids = Object.keys(spec.tasks).sort();
  const faults = options.faults ?? NO_FAULTS;
  const checking: Checking = {
    spec,
    issues,
    limits,
    ids,
    faults,
    ownQueues: options.ownQueues,
    isTimeZone: options.isTimeZone ?? (() => true),
    suggest: new Suggest(),
    patterns: new Map(),
    ...place,
  };
  checkHead(checking);
  checkSchedule(checking);
  checkParams(checking);
  if (ids.length > limits.tasks) {
    issues.error('too_many_tasks', '/tasks', `${ids.length} tasks; at most ${limits.tasks} are allowed in one DAG`);
    return { issues: issues.toArray() };
  }
  if (ids.length === 0 && !faults.dag.has('tasks'))
    issues.error('no_tasks', '/tasks', 'there are no tasks; a DAG has at least one');
  const graph = checkEdges(checking);
  checkTaskFields(checking);
  checkHooks(checking);
  checkDeadlines(checking);
  checkMaps(checking);
  const { needs, joins } = checkExpressions(checking, graph);
  const inline = checkInline(checking, options);
  if (graph !== undefined) warnOfHiddenFailures(checking, graph, joins);
  if (issues.hasErrors || (options.faults !== undefined && isLossy(options.faults)) || graph?.order === undefined)
    return { issues: issues.toArray() };
  const { order, setups } = graph;
  const dag = keepAnalysis({ ...spec } as ValidDag, { graph: graph.graph, order, needs, inline, setups, joins });
  return { dag, issues: issues.toArray() };
}

/** Inline SubDAGs, each a DAG with a scope of its own (R9); their issues point into the spec around them. */
function checkInline(checking: Checking, options: ValidateOptions): ReadonlyMap<string, ValidDag> {
  const { spec, ids, issues, faults } = checking;
  const inline = new Map<string, ValidDag>();
  for (const id of ids) {
    const task = taskOf(spec, id);
    const sub = task === undefined ? undefined : inlineDag(task);
    if (sub === undefined) continue;
    const names = typeof sub.params === 'object' ? Object.keys(sub.params) : [];
    const { params: given, ...rest } = sub;
    const inner: DagSpec = {
      ...rest,
      id: spec.id,
      defaults: spec.defaults,
      params: Object.fromEntries(names.map((name) => [name, {}])),
    };
    const checked = validateDag(
      inner,
      { ...options, faults: faults.inline?.get(id) },
      { inline: true, openParams: typeof given === 'string' },
    );
    for (const issue of checked.issues) issues.add({ ...issue, path: `${pointer('tasks', id)}/with${issue.path}` });
    if (checked.dag !== undefined) inline.set(id, checked.dag);
  }
  return inline;
}

function checkHead(checking: Checking): void {
  const { spec, issues } = checking;
  if (!checking.inline && spec.id !== undefined && !ID_PATTERN.test(spec.id))
    issues.error('invalid_id', '/id', `'${spec.id.slice(0, 60)}' cannot be a DAG id: use ${ID_RULE}`);
  checkDuration(checking, '/timeout', spec.timeout);
  const whole = (field: 'maxActiveTasks' | 'maxActiveRuns' | 'maxConsecutiveFailedRuns', most: number): void => {
    const value = spec[field];
    if (value !== undefined && !(Number.isInteger(value) && value >= 1 && value <= most))
      issues.error('invalid_value', `/${field}`, `must be a whole number from 1 to ${most}, not ${value}`);
  };
  whole('maxActiveTasks', 10_000);
  whole('maxActiveRuns', 10_000);
  whole('maxConsecutiveFailedRuns', MAX_CONSECUTIVE_FAILED_RUNS);
  if (spec.maxConsecutiveFailedRuns !== undefined && spec.schedule === undefined)
    issues.error('not_allowed_with', '/maxConsecutiveFailedRuns', 'counts the runs of a schedule: set `schedule` too');
  const impatient = spec.onRunLimit !== undefined && spec.onRunLimit !== 'queue';
  if (impatient && spec.maxActiveRuns === undefined)
    issues.error('not_allowed_with', '/onRunLimit', 'says what becomes of a run beyond `maxActiveRuns`: set that too');
  if (impatient && spec.catchup === true)
    issues.error('not_allowed_with', '/onRunLimit', 'with `catchup: true` every interval is wanted: only `queue` is allowed');
  if (spec.owner !== undefined && (spec.owner.length === 0 || spec.owner.length > 128))
    issues.error('invalid_value', '/owner', 'must have 1 to 128 characters');
  const tags = spec.tags ?? [];
  if (tags.length > MAX_TAGS) issues.error('invalid_value', '/tags', `${tags.length} tags; at most ${MAX_TAGS} are allowed`);
  else {
    tags.forEach((tag, index) => {
      if (!TAG_PATTERN.test(tag)) issues.error('invalid_value', `/tags/${index}`, TAG_RULE);
    });
  }
}

function isLossy({ opaque, loose, mapped, dag }: Faults): boolean {
  return opaque.size + loose.size + mapped.size + dag.size > 0;
}
