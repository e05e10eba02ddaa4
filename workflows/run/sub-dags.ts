import { CancellationScope, sleep, uuid4 } from '@temporalio/workflow';
import type { ChildEnd } from '../../src/dag/child-end.js';
import type { JsonObject } from '../../src/dag/json.js';
import { MAX_PARAMS_CHARS } from '../../src/dag/limits.js';
import { itemAttemptsBefore } from '../../src/dag/map/item-attempts.js';
import { type CallItem, type ItemPlace, itemName } from '../../src/dag/map/item-source.js';
import type { DagPlan, SubPlan, SubRetryPlan } from '../../src/dag/plan.js';
import type { Attempt, Failure, FailureKind } from '../../src/dag/state.js';
import { referenceName } from '../../src/dag/sub-dag-references.js';
import type { ChildRecord, PinnedDag, RunFacts } from '../contract.js';
import type { Children } from './children.js';
import { reaches } from './reach-of-cancel.js';
import type { RunLedger } from './run-ledger.js';
import type { Evaluated, RunValues } from './run-values.js';
import { checkedEnding } from './task-ending.js';
import { clip } from './task-failure.js';
import type { TaskHost, TaskPart } from './task-host.js';

/** Kinds of failures of a child that its parent passes on as they are: what they say holds for the task too. */
const PASSED_ON: ReadonlySet<FailureKind> = new Set<FailureKind>([
  'terminated',
  'invalid_params',
  'dag_missing',
  'blob_missing',
]);
/** Of an attempt that is not wanted any more, however it ends. */
const GIVEN_UP: Failure = { kind: 'cancelled', message: 'a rejection sent the task back' };
/** Another attempt would find the same. */
const FINAL: ReadonlySet<FailureKind> = new Set<FailureKind>(['invalid_params', 'dag_missing', 'blob_missing']);

/**
 * Tasks of type `dag` (R9): each attempt is a child that runs the SubDAG's own plan with its own params, limits and clean-up.
 * A further attempt is a new child that keeps what succeeded in the one before, unless a rejection came between them.
 */
export class SubDags implements TaskPart {
  /** Tasks, and items of maps, whose next attempt is waited for. */
  private readonly waiting = new Map<string, ChildRecord>();

  constructor(
    private readonly run: RunFacts,
    private readonly plan: DagPlan,
    private readonly host: TaskHost,
    private readonly children: Children,
    private readonly values: RunValues,
    private readonly ledger: RunLedger,
    private readonly dags: { readonly [reference: string]: PinnedDag },
    /** An item of a map that has begun. */
    private readonly callOf: (task: number, item: number) => CallItem | undefined,
    /** Carries out the hooks between attempts of a task, or of an item of it; undefined where there are none. */
    private readonly hooks: (
      task: number,
      item: CallItem | undefined,
      attempts: readonly Attempt[],
    ) => Promise<void> | undefined,
  ) {}

  begin(task: number, sub: SubPlan, item?: CallItem): void {
    const { attempts, rewinds } = this.ledger.recordOf(task) ?? {};
    const before = item === undefined ? attempts?.at(-1)?.attempt : itemAttemptsBefore(this.plan.tasks[task]!, rewinds);
    this.attempt(task, sub, (before ?? 0) + 1, [], item);
  }

  /** How a child of a task of this kind ended. */
  ended(child: ChildRecord, end: ChildEnd, cancelled: boolean): void {
    const { task, attempt, earlier = [] } = child;
    const plan = this.plan.tasks[task]!;
    const sub = plan.sub!;
    const item = placeOf(child);
    const endedAt = Date.now();
    const failure =
      end.state === 'failed' ? failureOf(end.failure, this.nameOf(sub), this.children.runIdOf(child), sub) : undefined;
    const attempts = [...earlier, this.attemptOf(child, endedAt, failure)];
    const facts = { attempts, startedAt: attempts[0]!.startedAt, endedAt };
    if (end.state === 'success')
      return this.host.end(task, { ...checkedEnding(plan, end.output ?? { value: {} }), ...facts }, item);
    if (failure === undefined) return this.host.end(task, { state: 'cancelled', ...facts }, item);
    const { retry } = sub;
    if (cancelled || retry === undefined || attempts.length >= retry.maxAttempts || FINAL.has(failure.kind))
      return this.host.end(task, { state: 'failed', failure, ...facts }, item);
    const retryAt = endedAt + waitMs(retry, attempts.length);
    const call = child.item === undefined ? undefined : this.callOf(task, child.item);
    this.wait(
      { task, item: child.item, attempt: attempt + 1, startedAt: endedAt, retryAt, earlier: attempts },
      retryAt - endedAt,
      this.hooks(task, call, attempts),
    );
  }

  /** A child of a task that was sent back meanwhile has ended: that attempt is over, and nothing follows from it. */
  endedLate(child: ChildRecord): void {
    if (child.item === undefined) this.ledger.noteAttempts(child.task, [this.attemptOf(child, Date.now(), GIVEN_UP)]);
  }

  withdraw(task: number): void {
    for (const [key, child] of this.waiting) if (child.task === task) this.waiting.delete(key);
  }

  /** Ends what waits for another attempt; children are cancelled by themselves. */
  cancel(only?: number): void {
    for (const [key, child] of [...this.waiting]) {
      if (!reaches(this.plan, child.task, only)) continue;
      this.waiting.delete(key);
      this.host.end(child.task, { state: 'cancelled', attempts: child.earlier }, placeOf(child));
    }
  }

  snapshot(): ChildRecord[] {
    return [...this.waiting.values()];
  }

  restore(waiting: readonly ChildRecord[]): void {
    for (const record of waiting) this.wait(record, Math.max(1, (record.retryAt ?? 0) - Date.now()));
  }

  private attempt(task: number, sub: SubPlan, attempt: number, earlier: readonly Attempt[], item: CallItem | undefined): void {
    const id = this.plan.tasks[task]!.id;
    const fail = (kind: FailureKind, message: string): void =>
      this.host.end(task, { state: 'failed', failure: { kind, message }, attempts: earlier }, item);
    const plan = this.planOf(sub);
    if (plan === undefined)
      return fail('dag_missing', `${this.nameOf(sub)}, which task ${id} runs, was not there when the run was started`);
    this.host.evaluate(
      task,
      () => this.paramsOf(sub, id, item),
      (answer) => {
        if ('error' in answer) return fail('expression', `params of task ${id}: ${answer.error}`);
        const params = 'value' in answer.output ? answer.output.value : undefined;
        if (params === undefined)
          return fail(
            'invalid_params',
            `params of task ${id} have more than ${MAX_PARAMS_CHARS} characters of JSON; pass the place of the data instead`,
          );
        if (typeof params !== 'object' || params === null || Array.isArray(params))
          return fail('invalid_params', `params of task ${id} must be a map, got ${clip(JSON.stringify(params))}`);
        this.startChild(task, sub, plan, params as JsonObject, attempt, earlier, item);
      },
      item,
    );
  }

  private startChild(
    task: number,
    sub: SubPlan,
    plan: PinnedDag,
    params: JsonObject,
    attempt: number,
    earlier: readonly Attempt[],
    callItem: CallItem | undefined,
  ): void {
    const now = Date.now();
    const item = callItem?.index;
    const runId = this.children.runIdOf({ task, item, attempt });
    if (item === undefined) this.ledger.noteAttempts(task, [{ attempt, startedAt: now, runId }]);
    this.children.start(
      {
        task,
        item,
        attempt,
        dagId: sub.dag ?? this.run.dagId,
        plan,
        params,
        inlineLimit: this.values.inlineLimit,
        part: callItem?.key,
        earlier: earlier.length === 0 ? undefined : earlier,
        more: {
          timeoutMs: sub.timeoutMs,
          keepFrom: earlier.length === 0 ? undefined : this.children.prefixOf({ task, item, attempt: attempt - 1 }),
        },
      },
      now,
    );
  }

  /** `hooks`: what must be over before the next attempt, too. */
  private wait(record: ChildRecord, ms: number, hooks?: Promise<void>): void {
    const { task, item, attempt, retryAt = 0, earlier = [] } = record;
    const key = `${task}[${item ?? ''}]`;
    this.waiting.set(key, record);
    if (item === undefined) {
      this.ledger.noteAttempts(task, earlier);
      this.ledger.noteNotice(task, `attempt ${attempt} begins at ${new Date(retryAt).toISOString().slice(0, 19)}Z`);
    }
    const { id, sub } = this.plan.tasks[task]!;
    const sleeping = CancellationScope.nonCancellable(() => sleep(ms, { summary: `${id}: wait before attempt ${attempt}` }));
    const ready: Promise<unknown> = hooks === undefined ? sleeping : Promise.all([sleeping, hooks]);
    void ready.then(() =>
      this.host.tell(() => {
        if (this.waiting.get(key) !== record) return;
        this.waiting.delete(key);
        if (item === undefined) this.ledger.noteNotice(task, undefined);
        this.attempt(task, sub!, attempt, earlier, item === undefined ? undefined : this.callOf(task, item));
      }),
    );
  }

  private attemptOf(child: ChildRecord, endedAt: number, failure: Failure | undefined): Attempt {
    const { attempt, startedAt } = child;
    return { attempt, startedAt, endedAt, runId: this.children.runIdOf(child), failure };
  }

  private planOf(sub: SubPlan): PinnedDag | undefined {
    if (sub.dag !== undefined) {
      const reference = referenceName({ dag: sub.dag, version: sub.version });
      return Object.hasOwn(this.dags, reference) ? this.dags[reference] : undefined;
    }
    return { version: this.run.version, planKey: this.plan.subs![sub.plan!]! };
  }

  private paramsOf(sub: SubPlan, id: string, item: CallItem | undefined): Evaluated | Promise<Evaluated> {
    if (sub.params === undefined) return { output: { value: {} } };
    return this.values.template(sub.params, `${itemName(id, item)}.params`, MAX_PARAMS_CHARS, item);
  }

  private nameOf({ dag, version }: SubPlan): string {
    if (dag === undefined) return 'the SubDAG';
    return version === undefined ? `DAG ${dag}` : `DAG ${dag}, version ${version}`;
  }
}

function placeOf({ item }: ChildRecord): ItemPlace | undefined {
  return item === undefined ? undefined : { index: item };
}

/** Why the task failed: what its child says of itself, and which run that is. */
function failureOf(failure: Failure | undefined, name: string, runId: string, sub: SubPlan): Failure {
  const { kind = 'error', message = 'it did not say why', type } = failure ?? {};
  const details = { runId, kind };
  if (PASSED_ON.has(kind)) return { kind, message: clip(message), details };
  if (kind === 'run_timeout' && sub.timeoutMs !== undefined) return { kind: 'timeout', message: clip(message), details };
  return { kind: 'child', type: type ?? kind, message: clip(`${name} failed: ${message}`), details };
}

/** From 0 to 1, the same in every replay. */
const randomShare = (): number => Number.parseInt(uuid4().slice(0, 8), 16) / 2 ** 32;

/** Wait in ms before the attempt after this one. */
function waitMs({ intervalMs, multiplier, maxIntervalMs, jitter }: SubRetryPlan, attempt: number): number {
  const wait = Math.min(intervalMs * multiplier ** (attempt - 1), maxIntervalMs);
  return Math.max(1, Math.round(wait * (1 + jitter * randomShare())));
}
