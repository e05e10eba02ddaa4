import type { TriggerRule } from './spec.js';

/**
 * How many upstream tasks stand in which final state, after each edge has translated them (R6). `cancelled` counts as
 * skipped (R8). `total` counts all upstream tasks, ended or not.
 */
export interface UpstreamCounts {
  readonly total: number;
  readonly success: number;
  readonly failed: number;
  readonly upstreamFailed: number;
  readonly skipped: number;
  /** Items of a map that an earlier attempt had and this one has not: neither success nor failure. Default 0. */
  readonly removed?: number;
  /** Setups among the upstream tasks, and how many of them succeeded or were skipped; for teardowns. Default 0. */
  readonly setups?: number;
  readonly setupsSuccess?: number;
  readonly setupsSkipped?: number;
}

/** What a rule says: start it, not certain yet, or one of the states that a task gets without ever starting. */
export type RuleVerdict = 'wait' | 'run' | 'skip' | 'upstream_failed' | 'removed';

/** The rules of authors, and the fixed rule of teardowns (R11): all upstream ended and, of its setups, one succeeded. */
export type WalkRule = TriggerRule | 'all_done_setup_success';

export interface RuleOptions {
  /** A verdict `skip` is held back (as `wait`) until the task of the run before has ended (`dependsOnPast`). */
  readonly holdSkip?: boolean;
  /** Index of the item that asks, when the upstream map lost items; -1 or absent = not an item. */
  readonly itemIndex?: number;
}

/**
 * The one place that knows trigger rules: Airflow's semantics, decided at the first moment at which the answer can no
 * longer change, whatever the rest does; so the answer never depends on which upstream ends first. O(1). A task without
 * upstream always runs.
 */
export function ruleVerdict(rule: WalkRule, counts: UpstreamCounts, options: RuleOptions = {}): RuleVerdict {
  if (counts.total === 0) return 'run';
  const verdict = decide(rule, counts, options);
  return verdict === 'skip' && options.holdSkip === true ? 'wait' : verdict;
}

function decide(rule: WalkRule, counts: UpstreamCounts, options: RuleOptions): RuleVerdict {
  const { total, success, failed, upstreamFailed, skipped, removed = 0 } = counts;
  const bad = failed + upstreamFailed;
  const done = success + bad + skipped + removed;
  const allDone = done >= total;
  switch (rule) {
    case 'always':
      return 'run';
    case 'all_success':
      if (bad > 0) return 'upstream_failed';
      // A failure that is still to come would win over the skip: only now is it certain.
      if (!allDone) return 'wait';
      if (skipped > 0) return 'skip';
      return removed > 0 && success > 0 && (options.itemIndex ?? -1) >= success ? 'removed' : 'run';
    case 'all_failed':
      if (success > 0 || skipped > 0) return 'skip';
      return allDone ? 'run' : 'wait';
    case 'all_done':
      return allDone ? 'run' : 'wait';
    case 'all_done_min_one_success':
      if (skipped > 0) return 'skip';
      if (!allDone) return 'wait';
      return success > 0 ? 'run' : 'upstream_failed';
    case 'all_skipped':
      if (success > 0 || bad > 0) return 'skip';
      return allDone ? 'run' : 'wait';
    case 'one_success':
      if (success > 0) return 'run';
      if (!allDone) return 'wait';
      return bad > 0 ? 'upstream_failed' : 'skip';
    case 'one_failed':
      if (bad > 0) return 'run';
      return allDone ? 'skip' : 'wait';
    case 'one_done':
      if (success > 0 || failed > 0) return 'run';
      return allDone ? 'skip' : 'wait';
    case 'none_failed':
      if (bad > 0) return 'upstream_failed';
      return allDone ? 'run' : 'wait';
    case 'none_failed_min_one_success':
      if (bad > 0) return 'upstream_failed';
      if (!allDone) return 'wait';
      return success > 0 ? 'run' : 'skip';
    case 'none_skipped':
      if (skipped > 0) return 'skip';
      return allDone ? 'run' : 'wait';
    case 'all_done_setup_success':
      return teardownVerdict(counts, allDone);
    default:
      // Only a rule of a newer compiler gets here. It is never met, as in Airflow.
      rule satisfies never;
      return 'wait';
  }
}

function teardownVerdict(counts: UpstreamCounts, allDone: boolean): RuleVerdict {
  if (!allDone) return 'wait';
  const { setups = 0, setupsSuccess = 0, setupsSkipped = 0 } = counts;
  if (setups === 0 || setupsSuccess > 0) return 'run';
  return setupsSkipped >= setups ? 'skip' : 'upstream_failed';
}
