import type { RunBudgets } from '../contract.js';

/** Measured limits of Temporal: length of a history, pending children. A minute is longer than any child takes to be heard. */
export const BUDGETS: RunBudgets = {
  continueFromEvents: 4_096,
  drainFromEvents: 8_000,
  drainFromBytes: 3 * 1024 * 1024,
  children: 500,
  childWatchMs: 60_000,
  parentWatchMs: 300_000,
  longestWatchMs: 1_800_000,
};
