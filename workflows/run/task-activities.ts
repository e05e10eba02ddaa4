import { isCancellation, workflowInfo } from '@temporalio/workflow';
import { itemAttemptsBefore } from '../../src/dag/map/item-attempts.js';
import { activityIdOf, type CallItem, itemName } from '../../src/dag/map/item-source.js';
import type { ActivityPlan, DagPlan, TaskPlan } from '../../src/dag/plan.js';
import { argumentsIn, endingOfResult, foreignArguments, ownCall } from './activity-call.js';
import { startActivity } from './dispatch.js';
import { ForeignAttempts, withLastAttempt } from './foreign-attempts.js';
import type { QueueWatch } from './queue-watch.js';
import type { Rewinds } from './rewinds.js';
import type { RunLedger } from './run-ledger.js';
import type { RunValues } from './run-values.js';
import type { TaskEnding } from './task-ending.js';
import { endingOfFailure } from './task-failure.js';
import type { TaskHost, TaskPart } from './task-host.js';
import type { TaskScopes } from './task-scopes.js';

/** Characters of a call that names nothing: counted without being written out. */
const SMALL_CALL = 300;

/** Tasks, and items of maps, that an activity carries out: on Baton's own workers, or on foreign ones in any language. */
export class TaskActivities implements TaskPart {
  private readonly foreign = new ForeignAttempts();

  constructor(
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly prefix: string,
    private readonly host: TaskHost,
    private readonly rewinds: Rewinds,
    private readonly scopes: TaskScopes,
    private readonly watch: QueueWatch,
    /** Starts something for an item of a map, so that the map can cancel it. */
    private readonly inMap: <T>(task: number, start: () => Promise<T>) => Promise<T>,
  ) {}

  begin(index: number, task: TaskPlan, activity: ActivityPlan, item: CallItem | undefined): void {
    if (activity.foreign === undefined)
      return this.send(index, task, activity, [this.callOf(index, task, activity, item)], item);
    const { args } = activity.foreign;
    this.host.evaluate(
      index,
      () => foreignArguments(this.values, task, args, item),
      (answer) => {
        const given = argumentsIn(answer, `task ${task.id}`);
        if ('state' in given) this.host.end(index, given, item);
        else this.send(index, task, activity, given, item);
      },
      item,
    );
  }

  /** The task is over. */
  ended(index: number, { map, activity }: TaskPlan): void {
    // While one item waits for a worker the others may have found one: only the end of them all is the end of waiting.
    if (map !== undefined && activity?.queue !== undefined) this.watch.ended(index, activity.queue);
    this.scopes.ended(index);
  }

  cancel(only?: number): void {
    // All that a cancel of the run reaches belongs to the scope of the loop.
    if (only !== undefined) this.scopes.cancel(only);
  }

  withdraw(index: number): void {
    this.scopes.letGo(index);
    this.ended(index, this.plan.tasks[index]!);
  }

  private callOf(index: number, task: TaskPlan, activity: ActivityPlan, item: CallItem | undefined) {
    const { rewinds, resources } = this.ledger.recordOf(index) ?? {};
    const before = this.attemptsBefore(index, task, item) || undefined;
    return ownCall(this.plan, task, activity, this.prefix, this.values, { before, rewinds, item, resources });
  }

  /** Number of the last attempt before a rejection sent the task back. */
  private attemptsBefore(index: number, task: TaskPlan, item: CallItem | undefined): number {
    const { attempts, rewinds } = this.ledger.recordOf(index) ?? {};
    return item === undefined ? (attempts?.at(-1)?.attempt ?? 0) : itemAttemptsBefore(task, rewinds);
  }

  private send(
    index: number,
    task: TaskPlan,
    activity: ActivityPlan,
    args: readonly unknown[],
    item: CallItem | undefined,
  ): void {
    const { host, ledger, rewinds, watch } = this;
    const small = task.needs === undefined && activity.foreign === undefined && item === undefined;
    host.began();
    const chars = small ? SMALL_CALL : JSON.stringify(args).length;
    if (activity.queue !== undefined) watch.sent(index, activity.queue, Date.now());
    const round = rewinds.begun(index);
    const over = (ending: () => TaskEnding): void =>
      host.tell(() => {
        host.over();
        if (activity.queue !== undefined && item === undefined) watch.ended(index, activity.queue);
        if (rewinds.over(index, round)) host.end(index, ending(), item);
        else if (item === undefined) ledger.noteLate(index, ending());
      });
    const { dagId } = this.plan;
    const { rewinds: rewound } = ledger.recordOf(index) ?? {};
    const before = activity.foreign === undefined ? 0 : this.attemptsBefore(index, task, item);
    const ended = (ending: () => TaskEnding, error?: unknown): void => {
      if (activity.foreign === undefined || isCancellation(error)) return over(ending);
      const endedAt = Date.now();
      void this.foreign.lastOf(activityIdOf(itemName(task.id, item), rewound)).then((last) => {
        over(() => withLastAttempt(ending(), last, before, endedAt));
      });
    };
    const queue = activity.queue ?? workflowInfo().taskQueue;
    const start = (): Promise<unknown> => startActivity(task, activity, args, dagId, item, rewound);
    const begin = item === undefined ? start : (): Promise<unknown> => this.inMap(index, start);
    this.scopes
      .start(index, task, () => this.values.allowance.begin(chars, begin))
      .then(
        (result) => ended(() => endingOfResult(task, activity, result)),
        (error: unknown) =>
          ended(() => endingOfFailure(error, { id: itemName(task.id, item), name: activity.name, queue }), error),
      );
  }
}
