import type { Issue } from '../dag/issue.js';
import { IssueList, sortIssues } from '../dag/issue-list.js';
import type { Json } from '../dag/json.js';
import { pointer, pointerSegments } from '../dag/json-pointer.js';
import type { DagSpec } from '../dag/spec.js';
import type { Faults } from '../dag/validate/faults.js';
import { decodeText } from './decode-text.js';
import { DagDto } from './dto/dag.dto.js';
import { readPast } from './graph-fields-reader.js';
import { readDeadlines, readHooks } from './hook-reader.js';
import { readJson } from './json-text.js';
import { DEFAULT_SPEC_LIMITS, type SpecLimits } from './limits.js';
import { measure } from './measure.js';
import { readResources } from './resources-reader.js';
import { readSchedule } from './schedule-reader.js';
import { ShapeReader } from './shape-reader.js';
import type { SpecText } from './spec-text.js';
import { readTasks } from './task-reader.js';
import { withReader } from './with-reader.js';
import { readYaml } from './yaml-text.js';

/** What a text or value comes to before its meaning is checked. */
export interface ReadSpecResult {
  /** The well-shaped part; undefined where nothing could be read. It is whole only when no issue is an error. */
  readonly spec?: DagSpec;
  /** What {@link ReadSpecResult.spec} lacks, for `validate`. */
  readonly faults?: Faults;
  /** The parsed value before defaults: its RFC 8785 form is what the version's hash is made of. Null where nothing could be parsed. */
  readonly canonical: Json;
  /** Ordered by path, at most `MAX_ISSUES`. */
  readonly issues: Issue[];
  /** Adds line and column to issues found later in the same text. */
  readonly locate: (issues: readonly Issue[]) => Issue[];
}

/** Reads a spec from text: never throws, whatever the text holds. */
export function readSpec(
  text: string | Uint8Array,
  format: 'yaml' | 'json',
  limits: SpecLimits = DEFAULT_SPEC_LIMITS,
): ReadSpecResult {
  const decoded = decodeText(text, limits);
  if (decoded.text === undefined) return { canonical: null, issues: decoded.issues, locate: (issues) => [...issues] };
  const read = format === 'json' ? readJson(decoded.text, limits) : readYaml(decoded.text, limits);
  if (read.text === undefined || read.issues.length > 0) {
    return { canonical: read.text?.value ?? null, issues: sortIssues(read.issues), locate: (issues) => [...issues] };
  }
  const source = read.text;
  const result = readShape(source.value, limits);
  const locate = (issues: readonly Issue[]): Issue[] => withPositions(source, issues);
  return { ...result, issues: locate(result.issues), locate };
}

/** Reads a spec that is a value already; its issues have no positions. Never throws. */
export function readSpecObject(value: unknown, limits: SpecLimits = DEFAULT_SPEC_LIMITS): ReadSpecResult {
  const locate = (issues: readonly Issue[]): Issue[] => [...issues];
  const problem = measure(value, limits);
  if (problem !== undefined) return { canonical: null, issues: [{ ...problem, severity: 'error' }], locate };
  return { ...readShape(value as Json, limits), locate };
}

function readShape(value: Json, limits: SpecLimits): Omit<ReadSpecResult, 'locate'> {
  const issues = new IssueList();
  const reader = new ShapeReader(issues);
  const shaped = reader.read(DagDto, value, '');
  if (shaped === undefined) return { canonical: value, issues: issues.toArray() };
  const { fields } = shaped;
  const lost = new Set(shaped.faulty);
  if (fields.schedule !== undefined) {
    const schedule = readSchedule(reader, issues, fields.schedule);
    if (schedule === undefined) lost.add('schedule');
    fields.schedule = schedule;
  }
  const ofHooks = withReader(reader, issues);
  readHooks(issues, fields.hooks, '/hooks', ofHooks);
  readDeadlines(issues, fields.deadlines, '/deadlines', ofHooks);
  const defaults = fields.defaults as { hooks?: unknown; resources?: unknown; dependsOnPast?: unknown } | undefined;
  readHooks(issues, defaults?.hooks, '/defaults/hooks', ofHooks);
  if (defaults !== undefined) readPast(issues, defaults, '/defaults');
  if (defaults?.resources !== undefined)
    defaults.resources = readResources(issues, defaults.resources, '/defaults/resources') ?? null;
  const raw = fields.tasks as { readonly [id: string]: unknown } | undefined;
  const { tasks, faults, tooMany } = readTasks(reader, issues, raw ?? {}, '/tasks', limits.tasks);
  if (tooMany) lost.add('tasks');
  fields.tasks = tasks;
  for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name];
  return {
    spec: fields as unknown as DagSpec,
    faults: { ...faults, dag: lost },
    canonical: value,
    issues: issues.toArray(),
  };
}

/** Issues about a name point at the key, all others at the value; what is not in the text gets the place that should hold it. */
function withPositions(source: SpecText, issues: readonly Issue[]): Issue[] {
  const ofKey = new Set<Issue['code']>([
    'unknown_field',
    'foreign_name',
    'not_yet_supported',
    'not_allowed_with',
    'invalid_id',
    'yaml_boolean_key',
  ]);
  const requests = issues.map(({ code, path }) => ({ path, part: ofKey.has(code) ? ('key' as const) : ('value' as const) }));
  let places = source.locate(requests);
  for (let tries = 0; tries < 2 && places.includes(undefined); tries++) {
    requests.forEach((request, i) => {
      if (places[i] === undefined) requests[i] = { path: pointer(...pointerSegments(request.path).slice(0, -1)), part: 'key' };
    });
    places = source.locate(requests);
  }
  return issues.map((issue, i) => (issue.line === undefined && places[i] !== undefined ? { ...issue, ...places[i] } : issue));
}
