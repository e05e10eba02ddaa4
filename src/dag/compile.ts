import { BodyChunks } from './body-chunks.js';
import { BUILT_IN } from './built-in.js';
import { compileActivity, compileRetry } from './compile-activity.js';
import { compileApproval } from './compile-approval.js';
import { compileBranch } from './compile-branch.js';
import { compileDeadlines } from './compile-deadlines.js';
import { compileDagHooks, compileRetryHooks, compileTaskHooks, type HookCompiler } from './compile-hooks.js';
import { compileJoin } from './compile-join.js';
import { compileNeeds } from './compile-needs.js';
import { compileTrigger } from './compile-trigger.js';
import { compileWait } from './compile-wait.js';
import { parseDuration } from './duration.js';
import type { NamedGraph } from './graph.js';
import type { Issue } from './issue.js';
import type { Json, JsonObject } from './json.js';
import { compileMap } from './map/compile-map.js';
import {
  type BodiesBlob,
  type DagPlan,
  type EdgePlan,
  ON_COMPLETION,
  ON_FAILURE,
  ON_SKIPPED,
  ON_SUCCESS,
  type SubPlan,
  type SubRetryPlan,
  type TaskBody,
  type TaskPlan,
} from './plan.js';
import { compileResources } from './resources.js';
import { retryHooksBy } from './retry-hooks.js';
import { type DependencySpec, type EdgeCondition, isTeardown, type TaskSpec, type ValidDag } from './spec.js';
import { TASK_TYPES } from './task-type.js';
import { type Analysis, analysisOf } from './validate/analysis.js';
import { conditionSource } from './validate/condition-source.js';
import { type EffectiveFields, effective } from './validate/effective.js';
import { downstreamRows } from './walk-layout.js';

/** A larger plan, gzipped, is refused: Temporal would not carry it (`plan_too_large`). In bytes. */
export const MAX_PLAN_BYTES = 1024 * 1024;

/** A compiled DAG: the bodies are stored first, then the plan is made with their keys. */
export interface CompiledDag {
  /** In the order of {@link DagPlan.bodies}; about 256 KiB of JSON each. */
  readonly bodies: readonly BodiesBlob[];
  /** Inline SubDAGs, in the order of {@link DagPlan.subs}: their plans are stored before this one. */
  readonly subs: readonly CompiledDag[];
  /** The plan, given one key per bodies blob and one per SubDAG. Throws RangeError for another number of keys. */
  plan(bodyKeys: readonly string[], subKeys?: readonly string[]): DagPlan;
}

/**
 * Compiles a valid DAG for the walk: tasks in topological order with ties by id, defaults merged, built-ins filled in. The
 * same DAG gives the same result whatever the order of its keys. O(tasks log tasks + edges).
 */
export function compile(dag: ValidDag, options: { readonly ownQueues: readonly string[] }): CompiledDag {
  return compileDag(dag, options.ownQueues, dag.params === undefined ? {} : { params: dag.params });
}

function compileDag(dag: ValidDag, ownQueues: readonly string[], params: Pick<DagPlan, 'params' | 'anyParams'>): CompiledDag {
  const analysis = analysisOf(dag);
  const { order, inline } = analysis;
  const index = new Map(order.map((id, at) => [id, at]));
  const bodies = new BodyChunks();
  const hookCompiler: HookCompiler = {
    dag,
    index,
    needs: analysis.needs,
    ownQueues,
    bodies,
    inline: params.anyParams === true,
  };
  const subs: CompiledDag[] = [];
  const addSub = (sub: ValidDag): number => subs.push(compileDag(sub, ownQueues, { anyParams: true })) - 1;
  const plain = order.map((id) => {
    const task = compileTask(id, analysis, hookCompiler);
    return task.type === 'dag' ? { ...task, sub: compileSub(dag.tasks[id] as TaskSpec, inline.get(id), addSub) } : task;
  });
  const down = downstreamRows({ tasks: plain });
  const tasks = plain.map((task, at) =>
    compileBranch(compileJoin(task, dag, index, analysis, plain, down), dag, index, down, at),
  );
  const hooks = compileDagHooks(hookCompiler);
  const deadlines = compileDeadlines(hookCompiler, order);
  const outputs = Object.entries(dag.outputs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    bodies: bodies.blobs,
    subs,
    plan(bodyKeys, subKeys = []) {
      if (bodyKeys.length !== bodies.blobs.length)
        throw new RangeError(`${bodies.blobs.length} bodies blobs need as many keys, not ${bodyKeys.length}`);
      if (subKeys.length !== subs.length)
        throw new RangeError(`${subs.length} SubDAGs need as many keys, not ${subKeys.length}`);
      return {
        format: 1,
        dagId: dag.id,
        maxActiveTasks: dag.maxActiveTasks ?? BUILT_IN.maxActiveTasks,
        failFast: dag.failFast ?? false,
        ...(dag.maxActiveRuns === undefined ? {} : { maxActiveRuns: dag.maxActiveRuns }),
        ...(dag.onRunLimit === undefined || dag.onRunLimit === 'queue' ? {} : { onRunLimit: dag.onRunLimit }),
        ...(dag.maxConsecutiveFailedRuns === undefined ? {} : { maxConsecutiveFailedRuns: dag.maxConsecutiveFailedRuns }),
        ...(dag.timeout === undefined ? {} : { timeoutMs: parseDuration(dag.timeout) }),
        ...(outputs.length === 0 ? {} : { outputs }),
        bodies: bodyKeys,
        ...(subs.length === 0 ? {} : { subs: subKeys }),
        ...params,
        tasks,
        ...(hooks.length === 0 ? {} : { hooks }),
        ...(deadlines.length === 0 ? {} : { deadlines }),
      };
    },
  };
}

/** The issue for a plan whose gzipped JSON has more than {@link MAX_PLAN_BYTES}; the caller, who has gzip, gives the size. */
export function planSizeIssue(gzippedBytes: number): Issue | undefined {
  if (gzippedBytes <= MAX_PLAN_BYTES) return undefined;
  return {
    code: 'plan_too_large',
    path: '',
    severity: 'error',
    message: `compiled and compressed the DAG has ${gzippedBytes} bytes; at most ${MAX_PLAN_BYTES} are allowed. Move large values out of transforms and arguments, into files or params`,
  };
}

function compileTask(id: string, { needs: allNeeds, graph, setups }: Analysis, hookCompiler: HookCompiler): TaskPlan {
  const { dag, index, ownQueues, bodies } = hookCompiler;
  const task = dag.tasks[id] as TaskSpec;
  const fields = effective(dag.defaults, task);
  const teardown = setups.get(id)?.map((setup) => index.get(setup) as number);
  const upstream = isTeardown(task) ? allUpstream(graph, id, index) : edges(task, index);
  const retried = retryHooksBy(task.type, fields.queue, ownQueues);
  const retryHooks = retried === 'activity' ? compileRetryHooks(id, fields.hooks) : undefined;
  const activity =
    TASK_TYPES[task.type].carriedOutBy === 'activity'
      ? compileActivity({ dagId: dag.id, id, task, fields, ownQueues, bodies, retryHooks })
      : undefined;
  const wait =
    task.type === 'wait'
      ? compileWait(task, fields.onTimeout, (input, timeoutMs) => bodies.add(id, waitBody(input, timeoutMs, fields)))
      : undefined;
  const trigger = task.type === 'trigger' ? compileTrigger(task, fields.onTimeout) : undefined;
  const approval = task.type === 'approval' ? compileApproval(task, fields.onTimeout, index) : undefined;
  const inWalk = wait?.poll === undefined && (activity === undefined || activity.foreign !== undefined);
  const value = task.type === 'transform' ? task.with?.value : undefined;
  const needs = allNeeds.get(id);
  const map = compileMap(task, fields, needs?.item ?? false);
  const needed = needs === undefined ? undefined : compileNeeds(needs, index);
  const hooks = compileTaskHooks(hookCompiler, id, fields.hooks, retried === 'run');
  // A join and a teardown decide instead, also of a default.
  const rule = task.join !== undefined || teardown !== undefined ? undefined : fields.triggerRule;
  return {
    id,
    type: task.type,
    ...(upstream.length === 0 ? {} : { upstream }),
    ...(rule === undefined || rule === 'all_success' ? {} : { rule }),
    ...(fields.allowFailure === true ? { allowFailure: true as const } : {}),
    ...(task.setup === true ? { setup: true as const } : {}),
    ...(teardown === undefined ? {} : { teardown: teardown.sort((a, b) => a - b) }),
    ...(task.when === undefined || task.when === true ? {} : { when: conditionSource(task.when) }),
    ...(fields.priority === undefined || fields.priority === 3 ? {} : { priority: fields.priority }),
    ...(value === undefined ? {} : { value }),
    ...pastOf(id, task, fields, hookCompiler),
    ...(map === undefined ? {} : { map }),
    ...(fields.resources === undefined || activity === undefined || activity.foreign !== undefined
      ? {}
      : { resources: compileResources(fields.resources) }),
    ...(activity === undefined ? {} : { activity }),
    ...(wait === undefined ? {} : { wait }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(approval === undefined ? {} : { approval }),
    ...(fields.outputSchema === undefined || !inWalk ? {} : { outputSchema: fields.outputSchema }),
    ...(hooks === undefined ? {} : { hooks }),
    ...(needed === undefined ? {} : { needs: needed }),
  };
}

/** SubDAGs have no date, and a teardown waits for nothing but what it cleans up after, whatever the defaults say. */
function pastOf(
  id: string,
  task: TaskSpec,
  { dependsOnPast = false }: EffectiveFields,
  { inline }: HookCompiler,
): Pick<TaskPlan, 'past'> {
  if (dependsOnPast === false || inline || isTeardown(task)) return {};
  return { past: dependsOnPast === true ? [id] : [...dependsOnPast].sort() };
}

/** Polls are not retried by rules of the author: they go on until the wait is over. */
function waitBody(input: JsonObject, timeoutMs: number, { outputSchema }: EffectiveFields): TaskBody {
  return {
    type: 'wait',
    with: input,
    ...(outputSchema === undefined ? {} : { outputSchema }),
    timeoutMs,
    retry: compileRetry({ retry: {} }),
  };
}

/** R9, R19: no limit of time and one attempt unless the task itself says so; `defaults` do not reach it. */
function compileSub(task: TaskSpec, inline: ValidDag | undefined, add: (sub: ValidDag) => number): SubPlan {
  const { dag, version, params } = (task.with ?? {}) as { dag?: string; version?: number; params?: Json };
  const attempts = task.retry?.maxAttempts ?? BUILT_IN.maxAttempts;
  return {
    ...(inline === undefined ? { dag } : { plan: add(inline) }),
    ...(version === undefined ? {} : { version }),
    ...(params === undefined ? {} : { params }),
    ...(typeof task.timeout === 'string' ? { timeoutMs: parseDuration(task.timeout) } : {}),
    ...(attempts === 1 ? {} : { retry: subRetry(effective(undefined, task)) }),
  };
}

function subRetry(fields: EffectiveFields): SubRetryPlan {
  const { maxAttempts, intervalMs, multiplier, maxIntervalMs, jitter } = compileRetry(fields);
  return { maxAttempts, intervalMs, multiplier, maxIntervalMs, jitter };
}

const ON_BITS: { readonly [on in EdgeCondition]: number } = {
  success: ON_SUCCESS,
  completion: ON_COMPLETION,
  failure: ON_FAILURE,
  skipped: ON_SKIPPED,
};

/** By index of the upstream, so that the order of `dependsOn` means nothing. */
function edges(task: TaskSpec, index: ReadonlyMap<string, number>): EdgePlan[] {
  const pairs = (task.dependsOn ?? []).map((entry): readonly [number, number] => {
    const dependency: DependencySpec = typeof entry === 'string' ? { task: entry } : entry;
    const on: readonly EdgeCondition[] =
      dependency.on === undefined ? ['success'] : typeof dependency.on === 'string' ? [dependency.on] : dependency.on;
    return [index.get(dependency.task) as number, on.reduce((bits, each) => bits | ON_BITS[each], 0)];
  });
  return pairs.sort(([a], [b]) => a - b).map(([upstream, on]) => (on === ON_SUCCESS ? upstream : [upstream, on]));
}

/** Of a teardown: what it names, its setups, and what it waits for without saying so; how they end is all the same. */
function allUpstream({ graph, names, indexOf }: NamedGraph, id: string, index: ReadonlyMap<string, number>): number[] {
  const node = indexOf.get(id) as number;
  const upstream = graph.upstream.subarray(graph.upstreamStart[node]!, graph.upstreamStart[node + 1]!);
  return Array.from(upstream, (each) => index.get(names[each] as string) as number).sort((a, b) => a - b);
}
