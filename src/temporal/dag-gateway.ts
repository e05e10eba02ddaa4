import { createHash } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, type Workflow } from '@temporalio/common';
import {
  AWAIT_RUN_UPDATE,
  type AwaitRun,
  DAG_ENTITY,
  DAG_HEAD_MEMO,
  type DagEntityInput,
  type DagHead,
  dagEntityId,
  ENTITY_REFUSALS,
  PAUSE_UPDATE,
  type PauseInput,
  PUT_UPDATE,
  type PutInput,
  type PutResult,
  REMOVE_UPDATE,
  type RemoveInput,
  SYSTEM_QUEUE,
  type VersionHeader,
} from '../../workflows/contract.js';
import { readJson } from '../objects/json-blob.js';
import { dagPrefix, versionsKey } from '../objects/keys.js';
import type { ObjectStore } from '../objects/object-store.js';
import { KeyedQueue, QueueTimeoutError } from './keyed-queue.js';
import { decodeDagCursor, encodeDagCursor } from './list-cursor.js';
import { CALL_DEADLINE_MS, type TemporalConnection } from './temporal-connection.js';
import { DagNotFoundError, PreconditionFailedError, TemporalUnavailableError } from './temporal-error.js';
import { allOf, compare, isNotNull } from './visibility-query.js';

/** Updates of one entity under way at the same time; Temporal allows 10 (R29). */
const UPDATES_IN_FLIGHT = 4;

/** Which DAGs to list. */
export interface DagListInput {
  readonly tag?: string;
  readonly paused?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

/** The DAG entities, seen from outside. Reads need no worker (R28). Every method throws TemporalUnavailableError (503). */
export class DagGateway {
  private readonly updates = new KeyedQueue(UPDATES_IN_FLIGHT, CALL_DEADLINE_MS);
  private readonly lastUpdate = new Map<string, { readonly key: string; readonly result: Promise<unknown> }>();

  constructor(
    private readonly temporal: TemporalConnection,
    private readonly store: ObjectStore,
    /** How often entities look after their Temporal Schedules, in ms. Default: as they think best. */
    private readonly scheduleCheckMs?: number,
  ) {}

  /** The DAG as it is now; `undefined` when there never was a version. A deleted one comes with `deleted: true`. */
  async head(dagId: string): Promise<DagHead | undefined> {
    return (await this.describe(dagId)).head;
  }

  /**
   * Stores a version. Its blobs must be in the object store already. Identical calls at the same time share one update.
   * @throws PreconditionFailedError when `input.expected` does not fit.
   */
  async put(dagId: string, input: PutInput): Promise<PutResult> {
    return this.update<PutResult>(dagId, PUT_UPDATE, input, (head) => {
      // Told without starting an entity that would stay empty.
      if (head === undefined && input.expected !== undefined && input.expected !== 'none')
        throw new PreconditionFailedError(`There is no DAG ${dagId} yet.`);
    });
  }

  /** @throws DagNotFoundError */
  async pause(dagId: string, paused: boolean, by?: string): Promise<DagHead> {
    return this.update<DagHead>(dagId, PAUSE_UPDATE, { paused, by } satisfies PauseInput, mustExist(dagId));
  }

  /** Leaves a tombstone: the version counter stays (R30). @throws DagNotFoundError */
  async remove(dagId: string, by?: string): Promise<DagHead> {
    return this.update<DagHead>(dagId, REMOVE_UPDATE, { by } satisfies RemoveInput, mustExist(dagId));
  }

  /** The waiter is told when a run of the DAG begins. False where there is no such DAG. */
  async awaitRun(dagId: string, asked: AwaitRun): Promise<boolean> {
    try {
      await this.temporal.call(
        () => this.temporal.client.workflow.getHandle(dagEntityId(dagId)).executeUpdate(AWAIT_RUN_UPDATE, { args: [asked] }),
        { write: true },
      );
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || entityError(error, dagId) instanceof DagNotFoundError) return false;
      throw entityError(error, dagId);
    }
  }

  /** Headers of the newest 200 versions, newest first, as of `head`. */
  async versions(dagId: string, head: DagHead): Promise<readonly VersionHeader[]> {
    return (await readJson<VersionHeader[]>(this.store, versionsKey(dagId, head.latest.version))) ?? [head.latest];
  }

  /** In order of id. What changed in the last second may be missing. @throws BadCursorError */
  async list(input: DagListInput): Promise<{ readonly items: readonly DagHead[]; readonly nextCursor?: string }> {
    const after = input.cursor === undefined ? undefined : decodeDagCursor(input.cursor);
    const query = allOf(
      compare('WorkflowType', '=', DAG_ENTITY),
      compare('ExecutionStatus', '=', 'Running'),
      isNotNull('DagId'),
      input.tag === undefined ? undefined : compare('DagTags', '=', input.tag),
    );
    const heads = await this.temporal.call(async () => {
      const found = new Map<string, DagHead>();
      for await (const { memo } of this.temporal.client.workflow.list({ query, pageSize: 1_000 })) {
        const head = memo?.[DAG_HEAD_MEMO] as DagHead | undefined;
        if (
          head &&
          !head.deleted &&
          (input.paused === undefined || head.paused === input.paused) &&
          (after === undefined || head.dagId > after)
        )
          found.set(head.dagId, head);
      }
      return [...found.values()];
    });
    heads.sort((a, b) => (a.dagId < b.dagId ? -1 : 1));
    const items = heads.slice(0, input.limit);
    return heads.length > items.length ? { items, nextCursor: encodeDagCursor(items.at(-1)!.dagId) } : { items };
  }

  /** One call at a time does the work for all identical ones that came after it and before any other (R29). */
  private update<T>(
    dagId: string,
    name: string,
    input: PutInput | PauseInput | RemoveInput,
    check: (head: DagHead | undefined) => void,
  ): Promise<T> {
    const key = JSON.stringify([name, input]);
    const last = this.lastUpdate.get(dagId);
    if (last?.key === key) return last.result as Promise<T>;
    const until = Date.now() + CALL_DEADLINE_MS;
    const result = this.updates
      .run(dagId, () => this.sendUpdate<T>(dagId, name, input, check, until))
      .catch((error: unknown) => {
        if (!(error instanceof QueueTimeoutError)) throw error;
        throw new TemporalUnavailableError(`Too many changes of DAG ${dagId} are under way; this one was not begun.`, false, 2);
      });
    const entry = { key, result };
    this.lastUpdate.set(dagId, entry);
    const forget = () => {
      if (this.lastUpdate.get(dagId) === entry) this.lastUpdate.delete(dagId);
    };
    result.then(forget, forget);
    return result;
  }

  private async sendUpdate<T>(
    dagId: string,
    name: string,
    input: PutInput | PauseInput | RemoveInput,
    check: (head: DagHead | undefined) => void,
    until: number,
  ): Promise<T> {
    const { head, open } = await this.describe(dagId);
    check(head);
    const revived = open ? {} : { head, versions: await this.storedVersions(dagId) };
    const start: DagEntityInput = { dagId, ...revived, scheduleCheckMs: this.scheduleCheckMs };
    // The state that the caller saw is part of the id: the same change asked for later is another one. Who asked is not.
    const { by: _, ...what } = input;
    const updateId = createHash('sha256')
      .update(JSON.stringify([name, what, head?.updatedAt, head?.latest.version]))
      .digest('hex')
      .slice(0, 40);
    try {
      return await this.temporal.call(
        () =>
          this.temporal.client.workflow.executeUpdateWithStart<Workflow, T, [typeof input]>(name, {
            args: [input],
            updateId,
            startWorkflowOperation: new WithStartWorkflowOperation<Workflow>(DAG_ENTITY, {
              workflowId: dagEntityId(dagId),
              taskQueue: SYSTEM_QUEUE,
              args: [start],
              workflowIdConflictPolicy: 'USE_EXISTING',
              workflowIdReusePolicy: 'ALLOW_DUPLICATE',
              staticSummary: `DAG ${dagId}`,
            }),
          }),
        // A change that had to wait for its turn is answered in time all the same.
        { write: true, deadlineMs: Math.max(1, until - Date.now()) },
      );
    } catch (error) {
      throw entityError(error, dagId);
    }
  }

  private async describe(dagId: string): Promise<{ readonly head?: DagHead; readonly open: boolean }> {
    try {
      const { memo, status } = await this.temporal.call(() =>
        this.temporal.client.workflow.getHandle(dagEntityId(dagId)).describe(),
      );
      return { head: memo?.[DAG_HEAD_MEMO] as DagHead | undefined, open: status.name === 'RUNNING' };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { open: false };
      throw error;
    }
  }

  /** An entity that was ended from outside goes on from its blobs, so that the version counter never goes back. */
  private async storedVersions(dagId: string): Promise<readonly VersionHeader[] | undefined> {
    let newest: string | undefined;
    for await (const key of this.store.list(`${dagPrefix(dagId)}versions/`)) newest = key;
    return newest === undefined ? undefined : readJson<VersionHeader[]>(this.store, newest);
  }
}

function mustExist(dagId: string): (head: DagHead | undefined) => void {
  return (head) => {
    if (head === undefined || head.deleted) throw new DagNotFoundError(dagId);
  };
}

function entityError(error: unknown, dagId: string): unknown {
  if (!(error instanceof WorkflowUpdateFailedError)) return error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    if (cause.type === ENTITY_REFUSALS.precondition) return new PreconditionFailedError(cause.message);
    if (cause.type === ENTITY_REFUSALS.notFound) return new DagNotFoundError(dagId);
  }
  // The entity closed or continued as new under the update, or its blob could not be written.
  return new TemporalUnavailableError(`The change of DAG ${dagId} was not confirmed; repeating the request is safe.`, true, 2, {
    cause: error,
  });
}
