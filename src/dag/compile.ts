import { compileCache } from './cache-plan.js';
import { compileApproval } from './compile-approval.js';
import { compileBranch } from './compile-branch.js';
import { compileJoin } from './compile-join.js';
import { compileWait } from './compile-wait.js';
import { formatDuration, parseDuration } from './duration.js';
import { expressionSource } from './expression/index.js';
import type { NamedGraph } from './graph.js';
import { placedHooks } from './hooks.js';
import type { Issue } from './issue.js';
import type { Json, JsonObject } from './json.js';
import { MAX_HOOK_MS } from './limits.js';
import { compileMap } from './map/compile-map.js';
import {
  type ActivityPlan,
  type BodiesBlob,
  type DagPlan,
  type EdgePlan,
  type HookPlan,
  type NeedsPlan,
  ON_COMPLETION,
  ON_FAILURE,
  ON_SKIPPED,
  ON_SUCCESS,
  type RetryPlan,
  type SubPlan,
  type SubRetryPlan,
  type TaskBody,
  type TaskPlan,
} from './plan.js';
import { compileRetryRule, withRulesAsErrors } from './retry-rule.js';
import type { DependencySpec, EdgeCondition, HookSpec, HooksSpec, TaskHook, TaskSpec, ValidDag } from './spec.js';
import { DAG_HOOKS, isTeardown, TASK_HOOKS } from './spec.js';
import { TASK_TYPES } from './task-type.js';
import { type Analysis, analysisOf, type Needs } from './validate/analysis.js';
import { conditionSource } from './validate/condition-source.js';
import { type EffectiveFields, effective } from './validate/effective.js';
import { downstreamRows } from './walk-layout.js';

/** Built-ins of R13, R19 and R20, in ms where they are durations. */
export const BUILT_IN = {
  maxActiveTasks: 16,
  timeoutMs: 600_000,
  heartbeatTimeoutMs: 30_000,
  maxAttempts: 1,
  infraAttempts: 3,
  intervalMs: 10_000,
  multiplier: 2,
  maxIntervalMs: 300_000,
  jitter: 0,
} as const;

/** A bodies blob is closed when its JSON has reached this many characters. */
const BODIES_CHUNK = 256 * 1024;

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
  const hooksOf = (id: string, hooks: HooksSpec<TaskHook> | undefined): TaskPlan['hooks'] => {
    const compiled: { [on in TaskHook]?: TaskPlan[] } = {};
    for (const { on, hook, name } of placedHooks(hooks, TASK_HOOKS, '', `${id} hook`)) {
      compiled[on] ??= [];
      compiled[on].push(compileHook(dag, name, hook, index, analysis.needs.get(name), ownQueues, bodies));
    }
    return hooks === undefined ? undefined : compiled;
  };
  const subs: CompiledDag[] = [];
  const addSub = (sub: ValidDag): number => subs.push(compileDag(sub, ownQueues, { anyParams: true })) - 1;
  const plain = order.map((id) => {
    const task = compileTask(dag, id, index, analysis, ownQueues, bodies, hooksOf);
    return task.type === 'dag' ? { ...task, sub: compileSub(dag.tasks[id] as TaskSpec, inline.get(id), addSub) } : task;
  });
  const down = downstreamRows({ tasks: plain });
  const tasks = plain.map((task, at) =>
    compileBranch(compileJoin(task, dag, index, analysis, plain, down), dag, index, down, at),
  );
  const hooks = placedHooks(dag.hooks, DAG_HOOKS, '').map(
    ({ on, hook, name }): HookPlan => ({
      on,
      task: compileHook(dag, name, hook, index, analysis.needs.get(name), ownQueues, bodies),
    }),
  );
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
        ...(dag.timeout === undefined ? {} : { timeoutMs: parseDuration(dag.timeout) }),
        ...(outputs.length === 0 ? {} : { outputs }),
        bodies: bodyKeys,
        ...(subs.length === 0 ? {} : { subs: subKeys }),
        ...params,
        tasks,
        ...(hooks.length === 0 ? {} : { hooks }),
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

function compileTask(
  dag: ValidDag,
  id: string,
  index: ReadonlyMap<string, number>,
  { needs: allNeeds, graph, setups }: Analysis,
  ownQueues: readonly string[],
  bodies: BodyChunks,
  hooksOf: (id: string, hooks: EffectiveFields['hooks']) => TaskPlan['hooks'],
): TaskPlan {
  const task = dag.tasks[id] as TaskSpec;
  const fields = effective(dag.defaults, task);
  const teardown = setups.get(id)?.map((setup) => index.get(setup) as number);
  const upstream = isTeardown(task) ? allUpstream(graph, id, index) : edges(task, index);
  const activity =
    TASK_TYPES[task.type].carriedOutBy === 'activity'
      ? compileActivity(dag.id, id, task, fields, ownQueues, bodies)
      : undefined;
  const wait =
    task.type === 'wait'
      ? compileWait(task, fields.onTimeout, (input, timeoutMs) => bodies.add(id, waitBody(input, timeoutMs, fields)))
      : undefined;
  const approval = task.type === 'approval' ? compileApproval(task, fields.onTimeout, index) : undefined;
  const inWalk = wait?.poll === undefined && (activity === undefined || activity.foreign !== undefined);
  const value = task.type === 'transform' ? task.with?.value : undefined;
  const needs = allNeeds.get(id);
  const map = compileMap(task, fields, needs?.item ?? false);
  const needed = needs === undefined ? undefined : compileNeeds(needs, index);
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
    ...(map === undefined ? {} : { map }),
    ...(activity === undefined ? {} : { activity }),
    ...(wait === undefined ? {} : { wait }),
    ...(approval === undefined ? {} : { approval }),
    ...(fields.outputSchema === undefined || !inWalk ? {} : { outputSchema: fields.outputSchema }),
    ...(fields.hooks === undefined ? {} : { hooks: hooksOf(id, fields.hooks) }),
    ...(needed === undefined ? {} : { needs: needed }),
  };
}

/** A hook is a task without edges that ends within five minutes, whatever `defaults` say. */
function compileHook(
  dag: ValidDag,
  name: string,
  hook: HookSpec,
  index: ReadonlyMap<string, number>,
  needs: Needs | undefined,
  ownQueues: readonly string[],
  bodies: BodyChunks,
): TaskPlan {
  const { timeout, outputSchema: _, cache: __, retry, ...fields } = effective(dag.defaults, hook);
  const within = (text: string | undefined): string =>
    text !== undefined && parseDuration(text) < MAX_HOOK_MS ? text : formatDuration(MAX_HOOK_MS);
  const bounded = {
    ...fields,
    timeout: within(timeout),
    retry: { ...retry, totalTimeout: within(retry.totalTimeout) },
  };
  const needed = needs === undefined ? undefined : compileNeeds(needs, index);
  return {
    id: name,
    type: hook.type,
    ...(hook.when === undefined || hook.when === true ? {} : { when: condition(hook.when) }),
    ...(fields.priority === undefined || fields.priority === 3 ? {} : { priority: fields.priority }),
    activity: compileActivity(dag.id, name, hook, bounded, ownQueues, bodies),
    ...(needed === undefined ? {} : { needs: needed }),
  };
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

function condition(when: string | boolean): string | boolean {
  return typeof when === 'boolean' ? when : (expressionSource(when) ?? when).trim();
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

function compileActivity(
  dagId: string,
  id: string,
  task: TaskSpec,
  fields: EffectiveFields,
  ownQueues: readonly string[],
  bodies: BodyChunks,
): ActivityPlan {
  const foreign = task.type === 'activity' && fields.queue !== undefined && !ownQueues.includes(fields.queue);
  const compiledRetry = compileRetry(fields);
  const { rules: _, ...retry } = foreign ? withRulesAsErrors(compiledRetry) : compiledRetry;
  const timeoutMs = fields.timeout === undefined ? BUILT_IN.timeoutMs : parseDuration(fields.timeout);
  const heartbeatTimeoutMs =
    fields.heartbeatTimeout !== undefined
      ? parseDuration(fields.heartbeatTimeout)
      : foreign
        ? undefined
        : BUILT_IN.heartbeatTimeoutMs;
  const args = task.with?.args;
  const body = foreign
    ? undefined
    : bodies.add(id, {
        type: task.type,
        with: task.with ?? {},
        ...(fields.outputSchema === undefined ? {} : { outputSchema: fields.outputSchema }),
        timeoutMs,
        retry: compiledRetry,
        ...(fields.cache === undefined ? {} : { cache: compileCache(dagId, fields.cache) }),
      });
  return {
    name: task.type === 'activity' ? String(task.with?.name) : task.type,
    ...(fields.queue === undefined ? {} : { queue: fields.queue }),
    ...(foreign ? { foreign: { args: (Array.isArray(args) ? args : []) as readonly Json[] } } : {}),
    ...(body === undefined ? {} : { body }),
    timeoutMs,
    ...(fields.queueTimeout === undefined ? {} : { queueTimeoutMs: parseDuration(fields.queueTimeout) }),
    ...(heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMs }),
    retry,
  };
}

function compileRetry({ retry }: EffectiveFields): RetryPlan {
  const intervalMs = retry.interval === undefined ? BUILT_IN.intervalMs : parseDuration(retry.interval);
  // A first wait above the built-in longest one lifts it: Temporal refuses a policy whose longest wait is the shorter.
  const maxIntervalMs = Math.max(
    intervalMs,
    retry.maxInterval === undefined ? BUILT_IN.maxIntervalMs : parseDuration(retry.maxInterval),
  );
  return {
    maxAttempts: retry.maxAttempts ?? BUILT_IN.maxAttempts,
    infraAttempts: retry.infraAttempts ?? BUILT_IN.infraAttempts,
    intervalMs,
    multiplier: retry.multiplier ?? BUILT_IN.multiplier,
    maxIntervalMs,
    jitter: retry.jitter ?? BUILT_IN.jitter,
    ...(retry.totalTimeout === undefined ? {} : { totalTimeoutMs: parseDuration(retry.totalTimeout) }),
    ...(retry.nonRetryableErrors === undefined || retry.nonRetryableErrors.length === 0
      ? {}
      : { nonRetryableErrors: retry.nonRetryableErrors }),
    ...(retry.rules === undefined || retry.rules.length === 0 ? {} : { rules: retry.rules.map(compileRetryRule) }),
  };
}

function compileNeeds(needs: Needs, index: ReadonlyMap<string, number>): NeedsPlan | undefined {
  const params: true | readonly string[] = needs.paramsWhole ? true : [...needs.params].sort();
  const indexes = (ids: ReadonlySet<string>): number[] => [...ids].map((id) => index.get(id) as number).sort((a, b) => a - b);
  const tasks = indexes(needs.tasks);
  const items = indexes(needs.items);
  const found: NeedsPlan = {
    ...(params === true || params.length > 0 ? { params } : {}),
    ...(needs.run ? { run: true as const } : {}),
    ...(tasks.length > 0 ? { tasks } : {}),
    ...(items.length > 0 ? { items } : {}),
  };
  return Object.keys(found).length === 0 ? undefined : found;
}

/** Splits bodies into blobs: a worker then reads about 256 KiB for a task, not the bodies of 10,000. */
class BodyChunks {
  readonly blobs: { [taskId: string]: TaskBody }[] = [];
  private size = BODIES_CHUNK;

  /** Index of the blob that took it. */
  add(id: string, body: TaskBody): number {
    const length = JSON.stringify(body).length + id.length + 4;
    if (this.size + length > BODIES_CHUNK) {
      this.blobs.push(Object.create(null) as { [taskId: string]: TaskBody });
      this.size = 0;
    }
    this.size += length;
    (this.blobs.at(-1) as { [taskId: string]: TaskBody })[id] = body;
    return this.blobs.length - 1;
  }
}
