import { type CallItem, itemName } from '../../src/dag/map/item-source.js';
import type { BranchPlan, DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { ResourcesPlan } from '../../src/dag/resources.js';
import type { Walk } from '../../src/dag/walk.js';
import { chooseTargets } from './branch.js';
import { conditionAnswer } from './condition-answer.js';
import type { RunLedger } from './run-ledger.js';
import type { Evaluated, RunValues } from './run-values.js';
import { checkedEnding, failed } from './task-ending.js';
import type { TaskHost } from './task-host.js';
import { givenResources } from './task-resources.js';

/** What the run does by itself, without a worker unless a value is stored: asks `when`, computes transforms, chooses for branches. */
export class OwnWork {
  constructor(
    private readonly plan: DagPlan,
    private readonly walk: Walk,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly host: TaskHost,
  ) {}

  /** Asks the `when` of a task that may start: it gets in line, or is skipped, or has failed (R8). */
  askWhen(index: number, { id, when }: TaskPlan): void {
    if (typeof when === 'boolean') return this.answerWhen(index, id, { output: { value: when } });
    this.host.settle(index, this.values.expression(when as string, `${id}.when`), (answer) =>
      this.answerWhen(index, id, answer),
    );
  }

  /** Finds out, once for all its items, what a task that has started is given; its record keeps it (R14). Goes on when it is known. */
  provide(index: number, { id }: TaskPlan, resources: ResourcesPlan, then: () => void): void {
    givenResources(
      id,
      resources,
      (template, name, answered) => this.host.evaluate(index, () => this.values.template(template, name), answered),
      (given) => {
        if ('error' in given) return this.host.end(index, failed('expression', given.error));
        this.ledger.noteResources(index, given.amounts);
        then();
      },
    );
  }

  /** A task, or an item, of a type that only has a value, or nothing at all. */
  compute(index: number, task: TaskPlan, item: CallItem | undefined): void {
    const { value } = task;
    if (value === undefined) return this.host.end(index, { state: 'success', output: { value: null } }, item);
    const startedAt = Date.now();
    this.host.evaluate(
      index,
      () => this.values.template(value, itemName(task.id, item), undefined, item, task.outputSchema),
      (answer) => {
        const ending =
          'error' in answer
            ? failed(answer.kind ?? 'expression', `value of task ${task.id}: ${answer.error}`)
            : checkedEnding(task, answer.output);
        this.host.end(index, { ...ending, startedAt, endedAt: Date.now() }, item);
      },
      item,
    );
  }

  choose(index: number, task: TaskPlan, branch: BranchPlan): void {
    const startedAt = Date.now();
    chooseTargets(
      branch,
      task.id,
      (source, name, then) => this.host.evaluate(index, () => this.values.expression(source, name), then),
      (choice) => {
        if ('error' in choice) return this.host.end(index, { ...failed('expression', choice.error), startedAt });
        const chosen = choice.chosen.map((target) => this.plan.tasks[target]!.id);
        this.host.end(index, { ...checkedEnding(task, { value: { chosen } }), startedAt, chosen: choice.chosen });
      },
    );
  }

  private answerWhen(index: number, id: string, answer: Evaluated): void {
    const condition = conditionAnswer(answer, `when of task ${id}`);
    if ('error' in condition) this.host.end(index, failed('expression', condition.error));
    else if (condition.value) this.walk.admit(index);
    else this.host.end(index, { state: 'skipped' });
  }
}
