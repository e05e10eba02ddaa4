import { parseDuration } from './duration.js';
import { compilePattern } from './pattern.js';
import type { RetryPlan } from './plan.js';
import type { RetryAction, RetryRuleSpec } from './spec.js';
import type { Failure, FailureKind } from './state.js';

/** Both ends included. */
export type CodeRange = readonly [from: number, to: number];

/** A compiled rule of `retry.rules`; absent conditions always hold. */
export interface RetryRulePlan {
  readonly error?: readonly string[];
  readonly message?: string;
  readonly status?: readonly CodeRange[];
  readonly exitCode?: readonly CodeRange[];
  readonly kind?: readonly FailureKind[];
  readonly action: RetryAction;
  /** With `retry` only, ms; absent = as the rest of `retry` says. */
  readonly waitMs?: number;
}

/** Kinds that rules may name: those of failures that a worker decides about. A lost worker is a matter of `infraAttempts`. */
export const RULE_KINDS = [
  'error',
  'timeout',
  'expression',
  'output_schema',
  'unknown_activity',
  'type_disabled',
  'blob_missing',
] as const satisfies readonly FailureKind[];

/** Where codes lie: HTTP statuses, exit codes. */
export const STATUS_RANGE: CodeRange = [100, 599];
export const EXIT_CODE_RANGE: CodeRange = [0, 255];

/** `404`, `"404"`, `"500-503"`, and for statuses `"5xx"`; undefined for all else and for what lies outside of `bounds`. */
export function readCodes(code: number | string, bounds: CodeRange): CodeRange | undefined {
  const text = String(code).trim();
  const hundred = bounds === STATUS_RANGE ? /^([1-5])xx$/i.exec(text) : null;
  if (hundred !== null) return [Number(hundred[1]) * 100, Number(hundred[1]) * 100 + 99];
  const parts = /^(\d{1,3})(?:\s*-\s*(\d{1,3}))?$/.exec(text);
  if (parts === null) return undefined;
  const from = Number(parts[1]);
  const to = Number(parts[2] ?? parts[1]);
  return from >= bounds[0] && to <= bounds[1] && from <= to ? [from, to] : undefined;
}

/** A condition that is one value or a list of them, as a list. */
export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  return value === undefined ? undefined : Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** A rule of a valid spec as the worker applies it. */
export function compileRetryRule(rule: RetryRuleSpec): RetryRulePlan {
  const error = listOf(rule.error);
  const status = codes(rule.status, STATUS_RANGE);
  const exitCode = codes(rule.exitCode, EXIT_CODE_RANGE);
  const kind = listOf(rule.kind) as readonly FailureKind[] | undefined;
  return {
    ...(error === undefined ? {} : { error }),
    ...(rule.message === undefined ? {} : { message: rule.message }),
    ...(status === undefined ? {} : { status }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(kind === undefined ? {} : { kind }),
    action: rule.action ?? 'retry',
    ...(rule.wait === undefined ? {} : { waitMs: parseDuration(rule.wait) }),
  };
}

/** What Temporal itself can apply for a worker that is not ours; validation refuses the rest. */
export function withRulesAsErrors(retry: RetryPlan): RetryPlan {
  if (retry.rules === undefined) return retry;
  const errors = new Set([...(retry.nonRetryableErrors ?? []), ...retry.rules.flatMap((rule) => rule.error ?? [])]);
  return { ...retry, nonRetryableErrors: [...errors] };
}

/** The first rule that holds for a failure. */
export function matchingRule(rules: readonly RetryRulePlan[] | undefined, failure: Failure): RetryRulePlan | undefined {
  return rules?.find((rule) => holds(rule, failure));
}

function holds(rule: RetryRulePlan, failure: Failure): boolean {
  if (rule.kind !== undefined && !rule.kind.includes(failure.kind)) return false;
  if (rule.error !== undefined && (failure.type === undefined || !rule.error.includes(failure.type))) return false;
  if (rule.status !== undefined && !within(rule.status, detail(failure, 'status'))) return false;
  if (rule.exitCode !== undefined && !within(rule.exitCode, detail(failure, 'exitCode'))) return false;
  return rule.message === undefined || compilePattern(rule.message).test(failure.message);
}

function codes(
  value: number | string | readonly (number | string)[] | undefined,
  bounds: CodeRange,
): readonly CodeRange[] | undefined {
  return listOf(value)?.flatMap((code) => {
    const range = readCodes(code, bounds);
    return range === undefined ? [] : [range];
  });
}

function detail({ details }: Failure, name: 'status' | 'exitCode'): unknown {
  return typeof details === 'object' && details !== null && !Array.isArray(details)
    ? (details as { readonly [name: string]: unknown })[name]
    : undefined;
}

function within(ranges: readonly CodeRange[], code: unknown): boolean {
  return typeof code === 'number' && ranges.some(([from, to]) => code >= from && code <= to);
}
