import type { BodyChunks } from './body-chunks.js';
import { compileActivity } from './compile-activity.js';
import { compileNeeds } from './compile-needs.js';
import { formatDuration, parseDuration } from './duration.js';
import { placedHooks } from './hooks.js';
import { MAX_HOOK_MS } from './limits.js';
import type { HookPlan, RetryHookBody, TaskPlan } from './plan.js';
import {
  DAG_HOOKS,
  type HookSpec,
  type HooksSpec,
  TASK_HOOKS,
  type TaskDefaults,
  type TaskHook,
  type ValidDag,
} from './spec.js';
import type { Needs } from './validate/analysis.js';
import { conditionSource } from './validate/condition-source.js';
import { effective } from './validate/effective.js';

/** What hooks are compiled with. */
export interface HookCompiler {
  readonly dag: ValidDag;
  /** Places of tasks in the plan. */
  readonly index: ReadonlyMap<string, number>;
  /** By the names of hooks. */
  readonly needs: ReadonlyMap<string, Needs>;
  readonly ownQueues: readonly string[];
  readonly bodies: BodyChunks;
  /** It is an inline SubDAG. */
  readonly inline: boolean;
}

/** The hooks of the DAG, in the order in which they would run. */
export function compileDagHooks(compiler: HookCompiler): HookPlan[] {
  const { dag } = compiler;
  return placedHooks(dag.hooks, DAG_HOOKS, '').map(({ on, hook, name }) => ({
    on,
    task: compileHook(compiler, name, hook, dag.defaults),
  }));
}

/** The hooks of a task that the run carries out, if any: those between attempts (`retry`) only where `withRetry`. */
export function compileTaskHooks(
  compiler: HookCompiler,
  id: string,
  hooks: HooksSpec<TaskHook> | undefined,
  withRetry: boolean,
): TaskPlan['hooks'] {
  const compiled: { [on in TaskHook]?: TaskPlan[] } = {};
  for (const { on, hook, name } of placedHooks(hooks, TASK_HOOKS, '', `${id} hook`)) {
    if (on === 'retry' && !withRetry) continue;
    compiled[on] ??= [];
    // Between attempts a hook is tried once, on the run's own queue: `defaults` do not reach it.
    compiled[on].push(compileHook(compiler, name, hook, on === 'retry' ? undefined : compiler.dag.defaults));
  }
  return Object.keys(compiled).length === 0 ? undefined : compiled;
}

/** The hooks between attempts that the task's own activity carries out; they travel in its body. */
export function compileRetryHooks(id: string, hooks: HooksSpec<TaskHook> | undefined): readonly RetryHookBody[] | undefined {
  const placed = placedHooks(hooks, TASK_HOOKS, '', `${id} hook`).filter(({ on }) => on === 'retry');
  if (placed.length === 0) return undefined;
  return placed.map(({ hook: { type, with: input = {}, when, timeout }, name }) => ({
    name,
    type,
    with: input,
    ...(when === undefined || when === true ? {} : { when: conditionSource(when) }),
    timeoutMs: parseDuration(atMost5m(timeout ?? undefined)),
  }));
}

/** A hook is a task without edges that ends within five minutes, whatever `defaults` say. */
export function compileHook(
  { dag, index, needs, ownQueues, bodies }: HookCompiler,
  name: string,
  hook: HookSpec,
  defaults: TaskDefaults | undefined,
): TaskPlan {
  const { timeout, outputSchema: _, cache: __, retry, ...fields } = effective(defaults, hook);
  const bounded = {
    ...fields,
    timeout: atMost5m(timeout),
    retry: { ...retry, totalTimeout: atMost5m(retry.totalTimeout) },
  };
  const named = needs.get(name);
  const needed = named === undefined ? undefined : compileNeeds(named, index);
  return {
    id: name,
    type: hook.type,
    ...(hook.when === undefined || hook.when === true ? {} : { when: conditionSource(hook.when) }),
    ...(fields.priority === undefined || fields.priority === 3 ? {} : { priority: fields.priority }),
    activity: compileActivity({ dagId: dag.id, id: name, task: hook, fields: bounded, ownQueues, bodies }),
    ...(needed === undefined ? {} : { needs: needed }),
  };
}

function atMost5m(text: string | undefined): string {
  return text !== undefined && parseDuration(text) < MAX_HOOK_MS ? text : formatDuration(MAX_HOOK_MS);
}
