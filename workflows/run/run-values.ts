import type { EvaluateInput, SystemActivities } from '../../activities/system-calls.js';
import type { TaskCall } from '../../activities/task-call.js';
import {
  ExpressionBudgetError,
  evaluateExpression,
  type ParsedExpression,
  type ParsedTemplate,
  parseExpression,
  parseTemplate,
  renderTemplate,
} from '../../src/dag/expression/index.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { Scope, TaskScope } from '../../src/dag/scope.js';
import type { OutputValue, TaskState } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunFacts } from '../contract.js';
import type { RunLedger } from './run-ledger.js';
import { shielded } from './shielded.js';

/** Outputs up to this size in bytes come back inline (R15) … */
export const INLINE_LIMIT = 4 * 1024;
/** … until an execution holds this much of them; from then on only tiny ones do. */
const INLINE_BUDGET = 256 * 1024;
const TINY = 256;

/** Steps that an expression may take inside the workflow; what takes more goes to an activity, which has the full budget. */
const WALK_BUDGET = 50_000;

/** A value, or why there is none. Expected failures are values: a bad expression fails its task, never the workflow task. */
export type Evaluated = { readonly output: OutputValue } | { readonly error: string };

type TaskOutputs = { [id: string]: { state: TaskState; output: OutputValue } };

/**
 * Evaluates what the walk itself has to: `when`, values of transforms, arguments of foreign activities, outputs of the
 * DAG. With the values at hand it answers at once; where an expression names a stored value an activity evaluates it
 * with the same evaluator, and the author sees no difference (R15); so it does where an expression is too much work for a
 * workflow task.
 */
export class RunValues {
  private readonly index: ReadonlyMap<string, number>;

  constructor(
    private readonly run: RunFacts,
    private readonly plan: DagPlan,
    private readonly walk: Walk,
    private readonly ledger: RunLedger,
    private readonly prefix: string,
    private readonly system: (summary: string) => Pick<SystemActivities, 'evaluate'>,
  ) {
    this.index = new Map(plan.tasks.map((task, i) => [task.id, i]));
  }

  /** The limit for the next output, given what is held already. */
  get inlineLimit(): number {
    return this.ledger.inlineBytes < INLINE_BUDGET ? INLINE_LIMIT : TINY;
  }

  /** What the envelope of an activity carries besides its body: only what the task's expressions name. */
  callValues(task: TaskPlan): Pick<TaskCall, 'params' | 'run' | 'tasks' | 'inlineLimit'> {
    const needs = task.needs;
    const limit = this.inlineLimit;
    return {
      params: needs?.params === undefined ? undefined : this.someParams(needs.params),
      run: needs?.run === true ? this.run.scope : undefined,
      tasks: needs?.tasks === undefined ? undefined : this.outputsOf(needs.tasks),
      inlineLimit: limit === INLINE_LIMIT ? undefined : limit,
    };
  }

  /** One bare expression (`when`). A promise only where an activity is needed. */
  expression(source: string, name: string): Evaluated | Promise<Evaluated> {
    let parsed: ParsedExpression;
    try {
      parsed = parseExpression(source);
    } catch (error) {
      return { error: messageOf(error) };
    }
    return this.evaluate(source, parsed.references.tasks, parsed.references.tasksWhole, name, this.inlineLimit, true, (scope) =>
      evaluateExpression(parsed, scope, { budget: WALK_BUDGET }),
    );
  }

  /** A value with `${{ }}` in it. */
  template(template: Json, name: string, inlineLimit = this.inlineLimit): Evaluated | Promise<Evaluated> {
    let parsed: ParsedTemplate;
    try {
      parsed = parseTemplate(template);
    } catch (error) {
      return { error: messageOf(error) };
    }
    return this.evaluate(template, parsed.references.tasks, parsed.references.tasksWhole, name, inlineLimit, false, (scope) =>
      renderTemplate(parsed, scope, { budget: WALK_BUDGET }),
    );
  }

  private evaluate(
    template: Json,
    references: readonly { readonly id: string }[],
    allTasks: boolean,
    name: string,
    inlineLimit: number,
    expression: boolean,
    evaluate: (scope: Scope) => Json,
  ): Evaluated | Promise<Evaluated> {
    const named = allTasks
      ? this.plan.tasks.map((_, i) => i)
      : [...new Set(references.map((r) => this.index.get(r.id)))].filter((i) => i !== undefined);
    const outputs = this.outputsOf(named);
    const input: EvaluateInput = {
      template,
      expression,
      scope: { params: this.run.params, run: this.run.scope, tasks: outputs },
      prefix: this.prefix,
      name,
      inlineLimit,
    };
    // Shielded: it is asked for also while what runs is being cancelled.
    const elsewhere = (): Promise<Evaluated> => shielded(() => this.system(name).evaluate(input));
    if (Object.values(outputs).some((task) => 'ref' in task.output)) return elsewhere();
    try {
      const value = evaluate({ params: this.run.params, run: this.run.scope, tasks: inlineScope(outputs) });
      // A large result is stored by an activity: the workflow itself can write nothing.
      if (JSON.stringify(value).length > inlineLimit) return elsewhere();
      return { output: { value } };
    } catch (error) {
      return error instanceof ExpressionBudgetError ? elsewhere() : { error: messageOf(error) };
    }
  }

  private someParams(names: true | readonly string[]): JsonObject {
    if (names === true) return this.run.params;
    return Object.fromEntries(
      names.filter((name) => Object.hasOwn(this.run.params, name)).map((name) => [name, this.run.params[name]!]),
    );
  }

  private outputsOf(tasks: readonly number[]): TaskOutputs {
    const outputs: TaskOutputs = {};
    for (const task of tasks) {
      const state = this.walk.stateOf(task);
      const output = state === 'success' ? this.ledger.recordOf(task)?.output : undefined;
      outputs[this.plan.tasks[task]!.id] = { state, output: output ?? { value: null } };
    }
    return outputs;
  }
}

function inlineScope(outputs: TaskOutputs): { [id: string]: TaskScope } {
  return Object.fromEntries(
    Object.entries(outputs).map(([id, { state, output }]) => [
      id,
      { state, output: 'value' in output ? output.value : null, items: [] },
    ]),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
