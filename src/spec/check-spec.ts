import type { Issue } from '../dag/issue.js';
import { sortIssues } from '../dag/issue-list.js';
import type { Json } from '../dag/json.js';
import type { DagSpec, ValidDag } from '../dag/spec.js';
import { type ValidateOptions, validate } from '../dag/validate/index.js';
import { DEFAULT_SPEC_LIMITS, type SpecLimits } from './limits.js';
import { type ReadSpecResult, readSpec, readSpecObject } from './read-spec.js';

/** Where the service stands: its queues, its limits, the zones it knows. */
export interface CheckOptions extends Omit<ValidateOptions, 'faults' | 'limits'> {
  readonly limits?: Partial<SpecLimits>;
}

/** All there is to say about a spec, shape and meaning at once. */
export interface CheckResult {
  /** There when no issue is an error: only this can be compiled and run. */
  readonly dag?: ValidDag;
  /** The well-shaped part, for a look at the id or the graph of a spec that is not valid. */
  readonly spec?: DagSpec;
  /** The parsed value before defaults: what the version's hash is made of (R30). Null where nothing could be parsed. */
  readonly canonical: Json;
  /** Ordered by path, at most `MAX_ISSUES`, with line and column where the spec came as text. */
  readonly issues: Issue[];
  /** Adds line and column to issues found later in the same text. */
  readonly locate: (issues: readonly Issue[]) => Issue[];
}

/** Text to a DAG that may run, or all that is wrong with it. Never throws, whatever the text holds. */
export function checkSpec(text: string | Uint8Array, format: 'yaml' | 'json', options: CheckOptions): CheckResult {
  return checkMeaning(readSpec(text, format, limitsOf(options)), options);
}

/** As {@link checkSpec}, for a value that is parsed already; its issues have no positions. */
export function checkSpecObject(value: unknown, options: CheckOptions): CheckResult {
  return checkMeaning(readSpecObject(value, limitsOf(options)), options);
}

function limitsOf(options: CheckOptions): SpecLimits {
  return { ...DEFAULT_SPEC_LIMITS, ...options.limits };
}

function checkMeaning(read: ReadSpecResult, options: CheckOptions): CheckResult {
  const { spec, canonical, faults, locate } = read;
  if (spec === undefined) return { canonical, issues: read.issues, locate };
  const { dag, issues } = validate(spec, { ...options, limits: limitsOf(options), faults });
  const all = sortIssues([...read.issues, ...read.locate(issues)]);
  return { ...(all.some((issue) => issue.severity === 'error') ? {} : { dag }), spec, canonical, issues: all, locate };
}
