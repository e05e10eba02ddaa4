import type { RetryPlan } from '../src/dag/plan.js';
import { matchingRule } from '../src/dag/retry-rule.js';
import type { TaskFailure } from './task-failure.js';

/** A wait asked for by the other side (Retry-After) is obeyed up to a day. */
const MAX_ASKED_WAIT_MS = 86_400_000;

export interface RetryFacts {
  readonly retry: RetryPlan;
  readonly failed: TaskFailure;
  /** Counts with this failure included. */
  readonly userFailures: number;
  readonly infraFailures: number;
  readonly firstStartedAt: number;
  readonly now: number;
  /** 0 … 1. */
  readonly random: number;
}

/** `delayMs` absent: soon, as the server's own policy says. `skip`: a rule makes the task skipped instead of failed. */
export type RetryDecision =
  | { readonly again: false; readonly skip?: true }
  | { readonly again: true; readonly delayMs?: number };

/** Whether and when a failed attempt is followed by another (R20). */
export function decideRetry(facts: RetryFacts): RetryDecision {
  const { retry, failed, now, firstStartedAt } = facts;
  if (failed.by === 'infrastructure') {
    if (facts.infraFailures > retry.infraAttempts) return { again: false };
    if (failed.retryAfterMs === undefined) return { again: true };
    return { again: true, delayMs: Math.min(failed.retryAfterMs * 2 ** (facts.infraFailures - 1), MAX_ASKED_WAIT_MS) };
  }
  const rule = matchingRule(retry.rules, failed.failure);
  if (rule !== undefined && rule.action !== 'retry')
    return rule.action === 'skip' ? { again: false, skip: true } : { again: false };
  if (facts.userFailures >= retry.maxAttempts) return { again: false };
  // A rule that says retry is the author's word, also against what the handler or nonRetryableErrors say.
  if (rule === undefined && !mayRepeat(facts)) return { again: false };
  const delayMs = rule?.waitMs ?? retryDelay(facts);
  if (retry.totalTimeoutMs !== undefined && now + delayMs >= firstStartedAt + retry.totalTimeoutMs) return { again: false };
  return { again: true, delayMs };
}

function mayRepeat({ retry, failed }: RetryFacts): boolean {
  const { type, kind } = failed.failure;
  return failed.retryable && retry.nonRetryableErrors?.some((name) => name === type || name === kind) !== true;
}

function retryDelay({ retry, failed, userFailures, random }: RetryFacts): number {
  if (failed.retryAfterMs !== undefined) return Math.min(Math.max(0, failed.retryAfterMs), MAX_ASKED_WAIT_MS);
  const wait = Math.min(retry.intervalMs * retry.multiplier ** (userFailures - 1), retry.maxIntervalMs);
  return Math.round(wait * (1 + retry.jitter * random));
}
