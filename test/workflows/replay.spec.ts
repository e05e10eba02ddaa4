import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import type { MapPlan } from '../../src/dag/map/map-plan.js';
import type { DagPlan, SubPlan, TaskPlan } from '../../src/dag/plan.js';
import { DAG_HOOKS, TASK_HOOKS } from '../../src/dag/spec.js';
import { TASK_TYPES } from '../../src/dag/task-type.js';
import { ON_TIMEOUT, POLLED } from '../../src/dag/wait-plan.js';
import type { MapSnapshot, RunSnapshot } from '../../workflows/contract.js';
import { inputOf, planIn, tasksOf } from '../support/history-plans.js';
import { recordedHistories } from '../support/recorded-history.js';
import { workflowBundle } from '../support/workflow-bundle.js';

/** A field to be seen in a history, or why none can show more of it. A new field of the type is missing here until it is named. */
type Fields<Type> = { readonly [field in keyof Required<Type>]: 'seen' | 'always' | string };

const PLAN: Fields<DagPlan> = {
  format: 'always',
  dagId: 'always',
  maxActiveTasks: 'always',
  failFast: 'always',
  maxActiveRuns: 'seen',
  onRunLimit: 'seen',
  maxConsecutiveFailedRuns: 'seen',
  timeoutMs: 'seen',
  outputs: 'seen',
  bodies: 'always',
  subs: 'seen',
  params: 'seen',
  anyParams: 'seen',
  tasks: 'always',
  hooks: 'seen',
  deadlines: 'seen',
};
const TASK: Fields<TaskPlan> = {
  id: 'always',
  type: 'always',
  upstream: 'seen',
  rule: 'seen',
  join: 'seen',
  allowFailure: 'seen',
  setup: 'seen',
  teardown: 'seen',
  branch: 'seen',
  when: 'seen',
  priority: 'it changes the options of a command, which replays do not compare',
  value: 'seen',
  map: 'seen',
  past: 'seen',
  resources: 'seen',
  activity: 'seen',
  wait: 'seen',
  trigger: 'seen',
  approval: 'seen',
  sub: 'seen',
  outputSchema: 'seen',
  hooks: 'seen',
  needs: 'seen',
};
const MAP: Fields<MapPlan> = {
  sources: 'always',
  zip: 'seen',
  fill: 'seen',
  batch: 'seen',
  key: 'seen',
  maxLength: 'seen',
  maxConcurrency: 'seen',
  toleratedPercentage: 'seen',
  toleratedCount: 'seen',
  stop: 'seen',
  item: 'seen',
};
const SUB: Fields<SubPlan> = {
  plan: 'seen',
  dag: 'seen',
  version: 'seen',
  params: 'seen',
  timeoutMs: 'seen',
  retry: 'seen',
};
/** What continue-as-new carries. */
const CARRIED: Fields<RunSnapshot> = {
  format: 'always',
  states: 'always',
  tasks: 'always',
  startedAt: 'always',
  revision: 'always',
  failFastTripped: 'always',
  maps: 'seen',
  stopped: 'seen',
  hop: 'always',
  children: 'seen',
  kept: 'seen',
  watches: 'seen',
  deadlines: 'seen',
};
const CARRIED_MAP: Fields<MapSnapshot> = {
  taskId: 'always',
  source: 'always',
  total: 'always',
  maxConcurrency: 'always',
  states: 'always',
  keys: 'seen',
  records: 'always',
  shard: 'seen',
  kept: 'seen',
  stopped: 'seen',
  shards: 'seen',
};
/** Task types that are one to the workflow, which only schedules their activity: one of them is enough. */
const SAME_TO_THE_WORKFLOW: readonly string[] = ['http', 'sql', 'shell', 'python'];

/** What no field shows: the histories that do. */
const SCENARIOS: { readonly [scenario: string]: string } = {
  'a quorum, eager and not': 'pattern-join-quorum',
  'a join that cancels the others': 'join-that-cancels-others',
  'a join that cancels a map and a SubDAG': 'join-that-cancels-a-map-and-a-sub-dag',
  'an expression over states': 'pattern-join-expression',
  'a branch: all matches, the default, a short circuit': 'pattern-branch-all-and-default',
  'a branch: the first match, by a stored value': 'branch-by-a-stored-value',
  'clean-up after a cancel': 'teardown-after-a-cancel',
  'clean-up after failFast': 'teardown-with-failfast',
  'clean-up in another execution': 'clean-up-goes-on-as-a-new-execution',
  'a cross product, a zip, batches, an empty list': 'pattern-map-shapes',
  'maps of maps': 'maps-of-sub-dags-that-map',
  'a map in shards': 'maps-in-shards',
  'a map in shards over continue-as-new': 'a-map-in-shards-is-cancelled-in-a-new-execution',
  'a map in shards that gives up': 'maps-in-shards-that-give-up',
  'a map that is cancelled': 'maps-that-are-cancelled',
  'a map over continue-as-new': 'maps-continue-as-new-in-the-middle',
  'a SubDAG by reference': 'pattern-subdag-by-reference',
  'SubDAGs within each other': 'pattern-subdag-tree',
  'another attempt of a SubDAG': 'a-subdag-keeps-what-succeeded-parent',
  'a SubDAG over continue-as-new': 'a-subdag-runs-on-while-its-parent-continues-as-new',
  'a cancel down to the leaves': 'a-child-is-cancelled-down-to-the-leaves',
  'a child without a parent': 'a-child-whose-parent-was-terminated-cancels-itself',
  'a child that was terminated': 'a-terminated-child-is-found-out',
  'retry rules, a cached result': 'pattern-retry-rules-and-cache',
  'approvals and waits over continue-as-new': 'approvals-and-waits-over-continue-as-new',
  'a rejection that goes back': 'a-rejection-sends-the-run-back',
  'a cancel': 'cancels-gracefully-what-runs-is-told-what-waits-is-cancelled',
  'the timeout of a run': 'ends-at-its-own-timeout-as-failed-kind-run-timeout',
  'an activity of another worker': 'pattern-foreign-activity',
  'hooks of a cancelled run': 'hooks-of-a-cancelled-run-are-run-to-their-end-whoever-ca',
  'a run for some of its tasks': 'a-run-for-some-of-its-tasks',
  'a backfill that is validated': 'backfill-that-is-validated',
  'expressions that fail, in every place': 'hostile-expressions',
};

const histories = recordedHistories();
const plans = histories.flatMap(({ history }) => planIn(history) ?? []);
const tasks = plans.flatMap(tasksOf);
const carried = histories.flatMap(({ history }) => inputOf(history)?.carried ?? []);
const maps = carried.flatMap(({ maps: stored }) => (stored !== undefined && 'records' in stored ? stored.records : []));
const present = <Part>(parts: readonly (Part | undefined)[]): Part[] => parts.filter((part) => part !== undefined);

describe('recorded histories', () => {
  it('replay with the workflows of today: no change may make a different decision in a run that is under way', async () => {
    const failures: string[] = [];
    for await (const { workflowId, error } of Worker.runReplayHistories(
      { workflowBundle: await workflowBundle() },
      histories,
    )) {
      if (error !== undefined) failures.push(`${workflowId}: ${error.message}`);
    }
    expect(failures).toEqual([]);
  });

  it.each<[name: string, fields: { readonly [field: string]: string }, found: readonly object[]]>([
    ['plan', PLAN, plans],
    ['task', TASK, tasks],
    ['map', MAP, present(tasks.map(({ map }) => map))],
    ['SubDAG', SUB, present(tasks.map(({ sub }) => sub))],
    ['snapshot of a run', CARRIED, carried],
    ['snapshot of a map', CARRIED_MAP, maps],
  ])('show each field that a %s may have', (_, fields, found) => {
    const wanted = Object.keys(fields).filter((field) => fields[field] === 'seen');
    const missing = wanted.filter((field) => !found.some((part) => Object.hasOwn(part, field)));
    expect(missing).toEqual([]);
  });

  it('show each task type, each kind of hook, each kind of wait and what becomes of it', () => {
    const types = Object.keys(TASK_TYPES).filter((type) => !SAME_TO_THE_WORKFLOW.includes(type));
    // Plans that are built by hand in tests name the type of a SubDAG's task as they like.
    const seen = new Set<string>(tasks.map(({ type, sub }) => (sub === undefined ? type : 'dag')));
    expect(types.filter((type) => !seen.has(type))).toEqual([]);
    const hooks = new Set<string>(plans.flatMap((plan) => (plan.hooks ?? []).map(({ on }) => on)));
    expect(DAG_HOOKS.filter((on) => !hooks.has(on))).toEqual([]);
    const ofTasks = new Set(tasks.flatMap((task) => Object.keys(task.hooks ?? {})));
    expect(TASK_HOOKS.filter((on) => !ofTasks.has(on) && on !== 'retry')).toEqual([]);
    const waits = present(tasks.map(({ wait }) => wait));
    const polled = new Set(waits.map(({ poll }) => poll?.what));
    expect(POLLED.filter((what) => !polled.has(what))).toEqual([]);
    const timers = new Set(waits.map(({ timer }) => timer?.by));
    expect([timers.has('duration'), timers.has('until')]).toEqual([true, true]);
    expect(ON_TIMEOUT.filter((then) => !waits.some(({ onTimeout }) => onTimeout === then))).toEqual([]);
  });

  it('show each scenario that no field tells of', () => {
    const names = new Set(histories.map(({ workflowId }) => workflowId));
    const missing = Object.entries(SCENARIOS).filter(([, name]) => !names.has(name));
    expect(missing).toEqual([]);
  });
});
