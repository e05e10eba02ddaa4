import type { EdgeCondition, TriggerRule } from './spec.js';

/** When a task with this rule runs: for documentation and editors. "Failed" includes `upstream_failed`. */
export const TRIGGER_RULE_FACTS: { readonly [rule in TriggerRule]: string } = {
  all_success: 'all upstreams are a success (the default)',
  all_failed: 'all have failed',
  all_done: 'all have ended, however',
  all_done_min_one_success: 'all have ended and at least one is a success',
  all_skipped: 'all were skipped',
  one_failed: 'at least one has failed, at once',
  one_success: 'at least one is a success, at once',
  one_done: 'at least one is a success or has failed, at once',
  none_failed: 'all have ended and none has failed',
  none_failed_min_one_success: 'all have ended, none has failed and at least one is a success',
  none_skipped: 'all have ended and none was skipped',
  always: 'at once',
};

/** What an edge with this condition waits for (R6): for documentation and editors. */
export const EDGE_CONDITION_FACTS: { readonly [on in EdgeCondition]: string } = {
  success: 'the upstream is a success (the default)',
  completion: 'the upstream has ended, however',
  failure: 'the upstream has failed',
  skipped: 'the upstream was skipped or cancelled',
};
