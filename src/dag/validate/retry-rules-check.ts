import { compilePattern, PatternError } from '../pattern.js';
import { type CodeRange, EXIT_CODE_RANGE, listOf, RULE_KINDS, readCodes, STATUS_RANGE } from '../retry-rule.js';
import type { RetryRuleSpec, TaskSpec } from '../spec.js';
import type { Checking } from './checking.js';
import { checkDuration } from './duration-check.js';

const MAX_RULES = 20;
const CONDITIONS = ['error', 'message', 'status', 'exitCode', 'kind'] as const;

/** `retry.rules` of a task or of `defaults` (R20). */
export function checkRetryRules(checking: Checking, rules: readonly RetryRuleSpec[], path: string): void {
  const { issues } = checking;
  if (rules.length > MAX_RULES) {
    issues.error('invalid_value', path, `${rules.length} rules; at most ${MAX_RULES} are allowed. A condition may be a list`);
    return;
  }
  rules.forEach((rule, index) => {
    const at = `${path}/${index}`;
    checkDuration(checking, `${at}/wait`, rule.wait, { zero: true });
    if (rule.action === undefined && rule.wait === undefined)
      issues.error('missing_field', `${at}/action`, "'action' is missing; write retry, fail or skip");
    else if (rule.wait !== undefined && rule.action !== undefined && rule.action !== 'retry')
      issues.error(
        'not_allowed_with',
        `${at}/wait`,
        `nothing is waited for when the action is ${rule.action}; leave 'wait' out`,
      );
    checkCodes(checking, rule.status, `${at}/status`, STATUS_RANGE, 'an HTTP status from 100 to 599, or "5xx", or "500-503"');
    checkCodes(checking, rule.exitCode, `${at}/exitCode`, EXIT_CODE_RANGE, 'an exit code from 0 to 255, or "64-78"');
    checkKinds(checking, rule, `${at}/kind`);
    listOf(rule.error)?.forEach((name) => {
      if (name.trim() === '')
        issues.error(
          'invalid_value',
          `${at}/error`,
          'an error type is empty; write the name that the failure shows as its type',
        );
    });
    if (rule.message !== undefined) checkPattern(checking, rule.message, `${at}/message`);
    if (index < rules.length - 1 && CONDITIONS.every((name) => rule[name] === undefined))
      issues.error(
        'invalid_value',
        at,
        `this rule has no condition (${CONDITIONS.join(', ')}) and always holds, so those after it are never asked; put it last`,
      );
  });
}

function checkKinds({ issues, suggest }: Checking, rule: RetryRuleSpec, path: string): void {
  for (const kind of listOf(rule.kind) ?? []) {
    if ((RULE_KINDS as readonly string[]).includes(kind)) continue;
    const why = kind === 'worker_lost' ? ' (a lost worker is a matter of infraAttempts)' : suggest.for(kind, [...RULE_KINDS]);
    issues.error(
      'invalid_value',
      path,
      `'${kind.slice(0, 60)}' is no kind that a rule can name${why}; it is one of ${RULE_KINDS.join(', ')}`,
    );
  }
}

function checkCodes(
  { issues }: Checking,
  value: RetryRuleSpec['status'],
  path: string,
  bounds: CodeRange,
  wanted: string,
): void {
  for (const code of listOf(value) ?? []) {
    if (readCodes(code, bounds) === undefined)
      issues.error('invalid_value', path, `must be ${wanted}, not '${String(code).slice(0, 60)}'`);
  }
}

/** A pattern is compiled once per check: the same rule may stand in thousands of tasks. */
function checkPattern({ issues, patterns }: Checking, pattern: string, path: string): void {
  let problem = patterns.get(pattern);
  if (problem === undefined) {
    problem = pattern === '' ? 'it is empty' : patterns.size >= MAX_PATTERNS ? TOO_MANY : (problemOf(pattern) ?? '');
    if (patterns.size < MAX_PATTERNS) patterns.set(pattern, problem);
  }
  if (problem !== '') issues.error('invalid_value', path, `cannot be used as a pattern: ${problem}`);
}

/** Compiling one costs up to some milliseconds. */
const MAX_PATTERNS = 1000;
const TOO_MANY = `there are more than ${MAX_PATTERNS} different ones in this DAG; put common rules into defaults`;

function problemOf(pattern: string): string | undefined {
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

/** Retries of other workers are Temporal's own: it knows errors that end a task by their type, and nothing else. */
export function checkForeignRules({ issues, spec }: Checking, id: string, task: TaskSpec, path: string): void {
  if (task.retry === null) return;
  const own = task.retry?.rules;
  const rules = own === undefined ? spec.defaults?.retry?.rules : own;
  const where = own === undefined ? '/defaults/retry/rules' : `${path}/retry/rules`;
  rules?.forEach((rule, index) => {
    if (
      rule.error !== undefined &&
      rule.action === 'fail' &&
      CONDITIONS.every((name) => name === 'error' || rule[name] === undefined)
    )
      return;
    issues.error(
      'not_allowed_with',
      `${where}/${index}`,
      `task '${id}' runs on another worker, whose retries are Temporal's own: only rules { error: ..., action: fail } can be applied there; set 'rules: null' in its retry, or let its worker decide`,
    );
  });
}
