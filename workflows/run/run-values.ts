import type { EvaluateInput, StoredScope, SystemActivities } from '../../activities/system-calls.js';
import type { CallTasks, TaskCall } from '../../activities/task-call.js';
import {
  ExpressionBudgetError,
  evaluateExpression,
  type Meter,
  type ParsedTemplate,
  parseExpression,
  parseTemplate,
  type References,
  renderTemplate,
} from '../../src/dag/expression/index.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { CallItem } from '../../src/dag/map/item-source.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { Scope, TaskScope } from '../../src/dag/scope.js';
import type { OutputValue } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunFacts } from '../contract.js';
import type { Allowance } from './allowance.js';
import type { RunLedger } from './run-ledger.js';
import { shielded } from './shielded.js';

/** Outputs up to this size in bytes come back inline (R15) … */
export const INLINE_LIMIT = 4 * 1024;
/** … until an execution holds this much of them; from then on only tiny ones do. */
const INLINE_BUDGET = 256 * 1024;
const TINY = 256;

/**
 * A value, or why there is none, `kind` where that is not the expression. Expected failures are values: a bad expression fails its
 * task, never the workflow task.
 */
export type Evaluated = { readonly output: OutputValue } | { readonly error: string; readonly kind?: 'output_schema' };

/** The task whose hook it is, as expressions know it (`task`), and between attempts the number of the one that has failed (`attempt`). */
export interface HookOf {
  /** Absent in hooks of deadlines. */
  readonly task?: Json;
  readonly failedAttempt?: number;
  /** In hooks of deadlines: which one, and how late (`deadline`). */
  readonly deadline?: Json;
}

/** What is evaluated, taken apart: how, and what it names. */
interface Prepared {
  readonly references: References;
  /** Characters of its expressions. */
  readonly source: number;
  evaluate(scope: Scope, meter: Meter): Json;
}

/** What the values of a hook have besides: the index of another one's tasks, and what stays known of tasks that are sent back. */
interface HookValues extends HookOf {
  readonly index: ReadonlyMap<string, number>;
  readonly held?: ReadonlyMap<number, CallTasks[string]>;
}

/**
 * Evaluates what the walk itself has to: `when`, values of transforms, arguments of foreign activities, outputs of the
 * DAG. With the values at hand it answers at once; where an expression names a stored value an activity evaluates it
 * with the same evaluator, and the author sees no difference (R15); so it does where an expression is too much work for a
 * workflow task, or its result too large.
 */
export class RunValues {
  private readonly index: ReadonlyMap<string, number>;
  /** The items of a map have their template in common: it is taken apart once. */
  private latest?: { readonly template: Json; readonly prepared: Prepared };

  constructor(
    private readonly run: RunFacts,
    private readonly plan: DagPlan,
    private readonly walk: Walk,
    private readonly ledger: RunLedger,
    private readonly prefix: string,
    private readonly system: (summary: string) => Pick<SystemActivities, 'evaluate'>,
    /** What may still be done in this workflow task. */
    readonly allowance: Allowance,
    private readonly hook?: HookValues,
  ) {
    this.index = hook?.index ?? new Map(plan.tasks.map((task, i) => [task.id, i]));
  }

  /** The same values for hooks of a task. */
  inHookOf(hookOf: HookOf): RunValues {
    return this.forHook({ ...hookOf, index: this.index });
  }

  /** The same, where these tasks are sent back: what the hooks know of them stays as it is now. */
  holding(tasks: readonly number[]): RunValues {
    const held = new Map(this.hook?.held);
    for (const task of tasks) if (!held.has(task)) held.set(task, this.endOf(task));
    return this.forHook({ ...this.hook!, held });
  }

  /** The limit for the next output, given what is held already. */
  get inlineLimit(): number {
    return this.ledger.inlineBytes < INLINE_BUDGET ? INLINE_LIMIT : TINY;
  }

  /** What the envelope of an activity carries besides its body: only what the task's expressions name. */
  callValues(
    task: TaskPlan,
  ): Pick<TaskCall, 'params' | 'run' | 'tasks' | 'inlineLimit' | 'ignoreCache' | 'hookOf' | 'deadlineOf' | 'failedAttempt'> {
    const needs = task.needs;
    const limit = this.inlineLimit;
    return {
      params: needs?.params === undefined ? undefined : this.someParams(needs.params),
      run: needs?.run === true ? this.run.scope : undefined,
      tasks: needs?.tasks === undefined ? undefined : this.outputsOf(needs.tasks, needs.items),
      inlineLimit: limit === INLINE_LIMIT ? undefined : limit,
      ignoreCache: this.run.ignoreCache,
      hookOf: this.hook?.task,
      deadlineOf: this.hook?.deadline,
      failedAttempt: this.hook?.failedAttempt,
    };
  }

  /** One bare expression (`when`); `item` where it is about one of a map. A promise only where an activity is needed. */
  expression(source: string, name: string, item?: CallItem): Evaluated | Promise<Evaluated> {
    let prepared: Prepared;
    try {
      const parsed = parseExpression(source, { stored: true });
      const evaluate = (scope: Scope, meter: Meter): Json => evaluateExpression(parsed, scope, { meter });
      prepared = { references: parsed.references, source: source.length, evaluate };
    } catch (error) {
      return { error: messageOf(error) };
    }
    return this.evaluate(source, prepared, name, this.inlineLimit, item, true);
  }

  /**
   * A value with `${{ }}` in it; `item` where it is one of a map. `schema`: what a value has to fit that is too large for the workflow;
   * others are the caller's to check.
   */
  template(
    template: Json,
    name: string,
    inlineLimit = this.inlineLimit,
    item?: CallItem,
    schema?: Json,
  ): Evaluated | Promise<Evaluated> {
    let prepared: Prepared;
    try {
      prepared = this.latest?.template === template ? this.latest.prepared : prepare(template);
    } catch (error) {
      return { error: messageOf(error) };
    }
    this.latest = { template, prepared };
    return this.evaluate(template, prepared, name, inlineLimit, item, false, schema);
  }

  /** Whether a value is made of what tasks give that this run does not have. False for one that cannot be read. */
  needsLeftOut(template: Json): boolean {
    if (this.run.onlyTasks === undefined) return false;
    try {
      return prepare(template).references.tasks.some(({ id, field }) => {
        const task = this.index.get(id);
        return field !== 'state' && task !== undefined && this.walk.isLeftOut(task);
      });
    } catch {
      return false;
    }
  }

  /** What expressions with these references can name; `inline` where every value of it is at hand. */
  scopeOf(references: References): { readonly stored: StoredScope; readonly inline?: Scope } {
    const all = references.tasksWhole ? this.plan.tasks.map((_, i) => i) : [];
    const indexes = (wanted: (field: string | undefined) => boolean): number[] =>
      [...new Set(references.tasks.filter(({ field }) => wanted(field)).map(({ id }) => this.index.get(id)))].filter(
        (i) => i !== undefined,
      );
    const tasks = references.tasksWhole
      ? this.outputsOf(all, all)
      : this.outputsOf(
          indexes(() => true),
          indexes((field) => field === undefined || field === 'items'),
        );
    const { params, ...own } = this.ownScope;
    const away = Object.values(tasks).some(({ output, items }) => 'ref' in output || (items !== undefined && 'ref' in items));
    return {
      // What travels is as small as it can be.
      stored: { ...own, params: references.paramsWhole ? params : this.someParams(references.params), tasks },
      ...(away ? {} : { inline: { ...own, params, tasks: inlineScope(tasks) } }),
    };
  }

  private evaluate(
    template: Json,
    { references, source, evaluate }: Prepared,
    name: string,
    inlineLimit: number,
    item?: CallItem,
    expression = false,
    schema?: Json,
  ): Evaluated | Promise<Evaluated> {
    const { stored, inline } = this.scopeOf(references);
    const input: EvaluateInput = {
      template,
      expression,
      scope: stored,
      ...(item === undefined ? {} : { item }),
      prefix: this.prefix,
      name,
      inlineLimit,
      ...(schema === undefined ? {} : { schema }),
    };
    // Shielded: it is asked for also while what runs is being cancelled.
    const elsewhere = (): Promise<Evaluated> =>
      this.allowance.begin(JSON.stringify(input).length + inlineLimit, () => shielded(() => this.system(name).evaluate(input)));
    if (inline === undefined || (references.item && item?.source !== undefined)) return elsewhere();
    const meter = this.allowance.meter();
    if (meter === undefined) return elsewhere();
    try {
      const scope = item === undefined ? inline : { ...inline, item: item.value ?? null, index: item.index };
      const value = evaluate(scope, meter);
      // A large result is stored by an activity: the workflow itself can write nothing.
      if (JSON.stringify(value).length > inlineLimit) return elsewhere();
      return { output: { value } };
    } catch (error) {
      return error instanceof ExpressionBudgetError ? elsewhere() : { error: messageOf(error) };
    } finally {
      this.allowance.took(meter.used, source);
    }
  }

  private get ownScope(): Scope & { readonly params: JsonObject } {
    const { params, scope } = this.run;
    if (this.hook === undefined) return { params, run: scope };
    const { task, deadline } = this.hook;
    return { params, run: scope, ...(task === undefined ? {} : { task }), ...(deadline === undefined ? {} : { deadline }) };
  }

  private someParams(names: true | readonly string[]): JsonObject {
    if (names === true) return this.run.params;
    return Object.fromEntries(
      names.filter((name) => Object.hasOwn(this.run.params, name)).map((name) => [name, this.run.params[name]!]),
    );
  }

  private outputsOf(tasks: readonly number[], withItems: readonly number[] = []): CallTasks {
    const outputs: { [id: string]: CallTasks[string] } = {};
    for (const task of tasks) {
      const { items, ...end } = this.hook?.held?.get(task) ?? this.endOf(task);
      outputs[this.plan.tasks[task]!.id] = items !== undefined && withItems.includes(task) ? { ...end, items } : end;
    }
    return outputs;
  }

  private endOf(task: number): CallTasks[string] {
    const state = this.walk.stateOf(task);
    const { output, items } = this.ledger.recordOf(task) ?? {};
    return { state, output: (state === 'success' ? output : undefined) ?? { value: null }, items };
  }

  private forHook(hook: HookValues): RunValues {
    const { run, plan, walk, ledger, prefix, system, allowance } = this;
    return new RunValues(run, plan, walk, ledger, prefix, system, allowance, hook);
  }
}

function prepare(template: Json): Prepared {
  const parsed: ParsedTemplate = parseTemplate(template, { stored: true });
  const source = parsed.expressions.reduce((sum, { expression }) => sum + expression.source.length, 0);
  return { references: parsed.references, source, evaluate: (scope, meter) => renderTemplate(parsed, scope, { meter }) };
}

function inlineScope(outputs: CallTasks): { [id: string]: TaskScope } {
  return Object.fromEntries(
    Object.entries(outputs).map(([id, { state, output, items }]) => [
      id,
      {
        state,
        output: 'value' in output ? output.value : null,
        items: items !== undefined && 'value' in items ? (items.value as readonly Json[]) : [],
      },
    ]),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
