import type { FailureKind } from './state.js';

/** What each kind of failure means: for documentation. In Markdown. */
export const FAILURE_FACTS: { readonly [kind in FailureKind]: string } = {
  error: "the task's own code or input failed",
  timeout: 'one attempt took longer than `timeout`',
  queue_timeout: 'no worker took it within `queueTimeout`',
  worker_lost: 'heartbeats stopped: the worker was killed or cut off',
  expression: 'an expression could not be evaluated',
  output_schema: 'the result breaks `outputSchema`',
  unknown_activity: 'the worker knows no such activity',
  type_disabled: 'the task type is off on this worker',
  blob_missing: 'a stored value or body is gone',
  run_timeout: "the run's `timeout` passed",
  run_limit: 'of runs only: `maxActiveRuns` others were at work, and `onRunLimit` lets it not wait',
  cancelled: 'asked to stop',
  rejected: 'somebody rejected an approval',
  terminated: 'ended from outside, without clean-up',
  output: 'an output of the DAG could not be computed',
  child: 'the run of a SubDAG failed',
  upstream_run: 'the run that a wait is for, or the task of it, did not succeed, or there can be none',
  dag_missing: 'the DAG that a SubDAG names is gone',
  invalid_params: 'what a SubDAG was given does not fit its params',
  not_a_list: 'of maps: a value of `expand` or `zip` is no list and no map',
  zip_lengths: 'of maps: lists of `zip` have different lengths, and there is no `zipFill`',
  map_too_long: 'of maps: more items than `maxMapLength`',
  items_failed: 'of maps: more items failed than are tolerated; the message names some',
  tasks: 'of runs only: the tasks that decide it failed',
};
