import type { RetryPlan } from '../src/dag/plan.js';
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

/** `delayMs` absent: soon, as the server's own policy says. */
export type RetryDecision = { readonly again: false } | { readonly again: true; readonly delayMs?: number };

/** Whether and when a failed attempt is followed by another (R20). */
export function decideRetry(facts: RetryFacts): RetryDecision {
  const { retry, failed, now, firstStartedAt } = facts;
  if (failed.by === 'infrastructure') {
    if (facts.infraFailures > retry.infraAttempts) return { again: false };
    if (failed.retryAfterMs === undefined) return { again: true };
    return { again: true, delayMs: Math.min(failed.retryAfterMs * 2 ** (facts.infraFailures - 1), MAX_ASKED_WAIT_MS) };
  }
  if (!failed.retryable || facts.userFailures >= retry.maxAttempts) return { again: false };
  const { type, kind } = failed.failure;
  if (retry.nonRetryableErrors?.some((name) => name === type || name === kind)) return { again: false };
  const delayMs = retryDelay(facts);
  if (retry.totalTimeoutMs !== undefined && now + delayMs >= firstStartedAt + retry.totalTimeoutMs) return { again: false };
  return { again: true, delayMs };
}

function retryDelay({ retry, failed, userFailures, random }: RetryFacts): number {
  if (failed.retryAfterMs !== undefined) return Math.min(Math.max(0, failed.retryAfterMs), MAX_ASKED_WAIT_MS);
  const wait = Math.min(retry.intervalMs * retry.multiplier ** (userFailures - 1), retry.maxIntervalMs);
  return Math.round(wait * (1 + retry.jitter * random));
}
