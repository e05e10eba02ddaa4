import {
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  BACKFILL,
  BACKFILL_CONTROL,
  BACKFILL_MEMO,
  BACKFILL_QUERY,
  type BackfillControl,
  type BackfillFacts,
  type BackfillHead,
  type BackfillInput,
  type BackfillReport,
  backfillHead,
  backfillId,
  SEARCH_ATTRIBUTES,
  SYSTEM_QUEUE,
} from '../../workflows/contract.js';
import type { BackfillProgress, BackfillState } from '../dag/backfill/backfill.js';
import { BackfillWalk } from '../dag/backfill/backfill-walk.js';
import { writeBackfillDayMarker } from '../objects/day-marker.js';
import { readJson } from '../objects/json-blob.js';
import { backfillPrefix, reportKey } from '../objects/keys.js';
import type { ObjectStore } from '../objects/object-store.js';
import { decodeRunCursor, encodeRunCursor } from './list-cursor.js';
import { cutBytes } from './run-presentation.js';
import type { TemporalConnection } from './temporal-connection.js';
import { allOf, compare } from './visibility-query.js';

const QUERY_DEADLINE_MS = 2_000;
/** Temporal's limit of a summary, bytes. */
const SUMMARY_BYTES = 400;

/** A backfill as it is now. `live: false`: no worker answered, so its progress is that of when its state last changed (R28). */
export interface BackfillView {
  readonly head: BackfillHead;
  readonly live: boolean;
  /** For links to the Web UI; absent once Temporal has forgotten it. */
  readonly temporalRunId?: string;
}

/** Which backfills to list. */
export interface BackfillListInput {
  readonly dagId?: string;
  readonly state?: BackfillState;
  readonly limit: number;
  readonly cursor?: string;
}

const KEYS = {
  DagId: defineSearchAttributeKey('DagId', SEARCH_ATTRIBUTES.DagId),
  DagRunState: defineSearchAttributeKey('DagRunState', SEARCH_ATTRIBUTES.DagRunState),
  DagStartedAt: defineSearchAttributeKey('DagStartedAt', SEARCH_ATTRIBUTES.DagStartedAt),
} as const;

/** Backfills, seen from outside. Every method throws TemporalUnavailableError (503). */
export class BackfillGateway {
  constructor(
    private readonly temporal: TemporalConnection,
    private readonly store: ObjectStore,
    /** Other paces than the usual ones, for tests. */
    private readonly pace: Pick<BackfillInput, 'watchMs' | 'continueFromEvents'> = {},
  ) {}

  /** Starts it; `undefined` when Temporal knows a backfill of that id. */
  async start(facts: BackfillFacts): Promise<BackfillView | undefined> {
    const head = backfillHead(facts, new BackfillWalk(facts.terms).progress(facts.acceptedAt));
    const prefix = backfillPrefix(facts.id);
    const input: BackfillInput = { facts, prefix, ...this.pace };
    // Before the start: a backfill without a marker would never be swept.
    await writeBackfillDayMarker(this.store, { ...facts, runId: backfillId(facts.id), prefix });
    try {
      const { firstExecutionRunId } = await this.temporal.call(
        () =>
          this.temporal.client.workflow.start(BACKFILL, {
            workflowId: backfillId(facts.id),
            taskQueue: SYSTEM_QUEUE,
            args: [input],
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'FAIL',
            memo: { [BACKFILL_MEMO]: head },
            typedSearchAttributes: [
              { key: KEYS.DagId, value: facts.dagId },
              { key: KEYS.DagRunState, value: 'running' },
              { key: KEYS.DagStartedAt, value: new Date(facts.acceptedAt) },
            ],
            staticSummary: cutBytes(`backfill of ${facts.dagId} v${facts.version}`, SUMMARY_BYTES),
          }),
        { write: true },
      );
      return { head, live: true, temporalRunId: firstExecutionRunId };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
      throw error;
    }
  }

  /** By its report where Temporal has forgotten it; `undefined` when there is none, or it ended longer ago than runs are kept. */
  async get(id: string): Promise<BackfillView | undefined> {
    const described = await this.describe(id);
    const head = described?.memo?.[BACKFILL_MEMO] as BackfillHead | undefined;
    if (described === undefined || head === undefined) {
      const report = await readJson<BackfillReport>(this.store, reportKey(backfillPrefix(id)));
      return report && { head: report.head, live: true };
    }
    const temporalRunId = described.runId;
    if (described.status.name !== 'RUNNING') return { head: closedHead(head, described), live: true, temporalRunId };
    const progress = await this.progress(id);
    return progress === undefined
      ? { head, live: false, temporalRunId }
      : { head: { ...head, progress }, live: true, temporalRunId };
  }

  /** Newest first; what changed in the last second may be missing, and progress is that of when a state last changed. @throws BadCursorError */
  async list(input: BackfillListInput): Promise<{ readonly items: readonly BackfillHead[]; readonly nextCursor?: string }> {
    const { dagId, state, limit } = input;
    const cursor = input.cursor === undefined ? undefined : decodeRunCursor(input.cursor);
    const query = allOf(
      compare('WorkflowType', '=', BACKFILL),
      compare('ExecutionStatus', '!=', 'ContinuedAsNew'),
      dagId === undefined ? undefined : compare('DagId', '=', dagId),
    );
    const heads = await this.temporal.call(async () => {
      const found: BackfillHead[] = [];
      for await (const info of this.temporal.client.workflow.list({ query, pageSize: 1_000 })) {
        const head = info.memo?.[BACKFILL_MEMO] as BackfillHead | undefined;
        if (head !== undefined) found.push(info.status.name === 'RUNNING' ? head : closedHead(head, info));
      }
      return found;
    });
    const wanted = heads
      .filter(({ progress }) => state === undefined || progress.state === state)
      .sort(newestFirst)
      .filter((head) => cursor === undefined || newestFirst(head, { acceptedAt: cursor.startedAt, id: cursor.runId }) > 0);
    const items = wanted.slice(0, limit);
    const last = items.at(-1);
    return wanted.length > items.length && last !== undefined
      ? { items, nextCursor: encodeRunCursor({ startedAt: last.acceptedAt, runId: last.id }) }
      : { items };
  }

  /** False when it is over, or there is none. */
  async control(id: string, control: BackfillControl): Promise<boolean> {
    const handle = this.temporal.client.workflow.getHandle(backfillId(id));
    try {
      await this.temporal.call(() => handle.signal(BACKFILL_CONTROL, control), { write: true });
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  /** `undefined` when no worker answers. */
  private async progress(id: string): Promise<BackfillProgress | undefined> {
    try {
      return await this.temporal.call(
        () => this.temporal.client.workflow.getHandle(backfillId(id)).query<BackfillProgress>(BACKFILL_QUERY),
        { deadlineMs: QUERY_DEADLINE_MS },
      );
    } catch {
      return undefined;
    }
  }

  private async describe(id: string): Promise<WorkflowExecutionDescription | undefined> {
    try {
      return await this.temporal.call(() => this.temporal.client.workflow.getHandle(backfillId(id)).describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }
}

/** One that was terminated from outside could not say how it ended. */
function closedHead(head: BackfillHead, { status }: Pick<WorkflowExecutionDescription, 'status'>): BackfillHead {
  if (status.name !== 'TERMINATED' && status.name !== 'TIMED_OUT') return head;
  const reason = 'it was ended from outside; runs that it had started went on';
  return { ...head, progress: { ...head.progress, state: 'failed', reason } };
}

function newestFirst(a: Pick<BackfillHead, 'acceptedAt' | 'id'>, b: Pick<BackfillHead, 'acceptedAt' | 'id'>): number {
  return b.acceptedAt - a.acceptedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}
