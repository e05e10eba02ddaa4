import { setTimeout as delay } from 'node:timers/promises';
import { WithStartWorkflowOperation, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import type { AskPlace, LeavePlace, LookAtHolders, ParkPlace, PlacePort, ToldWords } from '../../activities/place-calls.js';
import {
  ASK_PLACES,
  type AskPlaces,
  type AskPlacesResult,
  LEAVE_PLACES,
  type LeavePlaces,
  PARK_PLACES,
  type ParkPlaces,
  PLACE_SIGNAL,
  type PlaceSignal,
  POOL,
  POOL_QUERY,
  type PoolInput,
  type PoolQueryInput,
  type PoolQueryResult,
  poolId,
  RESIZE_POOL,
  SYSTEM_QUEUE,
} from '../../workflows/contract.js';
import type { PlaceAnswer, PlaceHolder, PlaceParking, PlaceRequest, PlaceWord, PoolLimit } from '../dag/pool/place.js';
import { Batches } from './batches.js';
import { runRow } from './run-row.js';
import type { TemporalConnection } from './temporal-connection.js';
import { GRPC, grpcCode } from './temporal-error.js';

/** A pool that does not answer by then is asked by a signal, which lasts, and answers by one. */
const ASK_DEADLINE_MS = 2_000;
const LEAVE_DEADLINE_MS = 2_000;
const QUERY_DEADLINE_MS = 2_000;
/** Requests, or holders that leave, of one message. */
const MESSAGE_ITEMS = 200;
/** A run that says that it leaves closes within some ms; it is looked at again after pauses that double. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 160;
const LEAVING_MS = 2_000;
/** Why a run is asked to stop for another, as its history shows it. */
const EVICTED = 'a newer run of this DAG takes its place (onRunLimit: cancel_running)';
/** Calls to Temporal at the same time, for one pool. */
const AT_ONCE = 20;

interface Ask {
  readonly request: PlaceRequest;
  readonly limit: PoolLimit;
}

/** Pools, seen from outside. What many runs of this process ask at the same time goes as one message. Throws TemporalUnavailableError. */
export class PoolGateway implements PlacePort {
  private readonly asks = new Batches<Ask, PlaceAnswer>((pool, asks) => this.sendAsks(pool, asks), MESSAGE_ITEMS);
  private readonly leaves = new Batches<PlaceHolder, undefined>(
    (pool, holders) => this.sendHolders(pool, LEAVE_PLACES, { holders } satisfies LeavePlaces),
    MESSAGE_ITEMS,
  );
  private readonly parkings = new Batches<PlaceParking, undefined>(
    (pool, holders) => this.sendHolders(pool, PARK_PLACES, { holders } satisfies ParkPlaces),
    MESSAGE_ITEMS,
  );

  constructor(private readonly temporal: TemporalConnection) {}

  /** Starts the pool where it does not run. */
  ask({ pool, request, limit }: AskPlace): Promise<PlaceAnswer> {
    return this.asks.add(pool, { request, limit });
  }

  /** Asks for the places of others in one message, for the workflow that is told (`reply`); its `share` holds with no request too. */
  async askForOthers(pool: string, message: AskPlaces): Promise<readonly PlaceAnswer[]> {
    return this.send(pool, message);
  }

  /** Gives up places that were asked for others, those of runs that never began included. */
  async leaveForOthers(pool: string, holders: readonly PlaceHolder[]): Promise<void> {
    await this.signal(poolId(pool), LEAVE_PLACES, { holders } satisfies LeavePlaces, LEAVE_DEADLINE_MS);
  }

  /** A pool that does not run needs no word. */
  leave({ pool, holder }: LeavePlace): Promise<void> {
    return this.leaves.add(pool, holder);
  }

  /** A pool that does not run knows of nobody, who asks it again as if for the first time. */
  park({ pool, holder }: ParkPlace): Promise<void> {
    return this.parkings.add(pool, holder);
  }

  /** Another limit for a pool that runs; one that does not gets it with the next request. */
  async resize(pool: string, limit: PoolLimit): Promise<void> {
    await this.signal(poolId(pool), RESIZE_POOL, limit);
  }

  /** Who holds a place and who waits; `undefined` when the pool does not run, since nobody needs it, or no worker answers. */
  async view(pool: string, of?: PlaceHolder): Promise<PoolQueryResult | undefined> {
    const described = await this.describe(poolId(pool));
    if (described?.status.name !== 'RUNNING') return undefined;
    const handle = this.temporal.client.workflow.getHandle(poolId(pool));
    try {
      return await this.temporal.call(
        () => handle.query<PoolQueryResult, [PoolQueryInput]>(POOL_QUERY, of === undefined ? {} : { of }),
        { deadlineMs: QUERY_DEADLINE_MS },
      );
    } catch {
      return undefined;
    }
  }

  /** What does not get through is left out of the answer, and tried again by the pool. */
  async tell(words: readonly PlaceWord[]): Promise<ToldWords> {
    const told: PlaceWord[] = [];
    const closed: PlaceHolder[] = [];
    const evicted = words.filter(({ word }) => word === 'evicted');
    const answers = new Map<string, PlaceWord[]>();
    for (const word of words) {
      const to = word.holder.reply ?? word.holder.runId;
      if (word.word !== 'evicted') answers.set(to, [...(answers.get(to) ?? []), word]);
    }
    const nobodyThere = async (word: PlaceWord): Promise<void> => {
      if (await this.isClosed(word.holder)) closed.push(word.holder);
      else told.push(word);
    };
    await Promise.all([
      eachOf([...answers], async ([workflowId, said]) => {
        if (await this.signal(workflowId, PLACE_SIGNAL, { words: said } satisfies PlaceSignal)) told.push(...said);
        else await Promise.all(said.map(nobodyThere));
      }),
      eachOf(evicted, async (word) => {
        const gone = await this.isClosed(word.holder);
        if (gone || !(await this.cancel(word.holder.runId, EVICTED))) closed.push(word.holder);
        else told.push(word);
      }),
    ]);
    return { told, closed };
  }

  /** What cannot be found out is left out of the answer, and looked at again by the pool. */
  async look({ leaving, holding }: LookAtHolders): Promise<readonly PlaceHolder[]> {
    const closed: PlaceHolder[] = [];
    const [gone] = await Promise.all([
      this.firstClosed(leaving),
      eachOf(holding, async (holder) => {
        if (await this.isClosed(holder)) closed.push(holder);
      }),
    ]);
    return [...closed, ...gone];
  }

  /** Those that are closed, as soon as one is; none after two seconds. */
  private async firstClosed(leaving: readonly PlaceHolder[]): Promise<readonly PlaceHolder[]> {
    const closed: PlaceHolder[] = [];
    const until = Date.now() + LEAVING_MS;
    for (let pause = FIRST_PAUSE_MS; leaving.length > 0; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await eachOf(leaving, async (holder) => {
        if (await this.isClosed(holder, true)) closed.push(holder);
      });
      if (closed.length > 0 || Date.now() >= until) break;
      await delay(pause);
    }
    return closed;
  }

  /**
   * Whether this execution of the run is over, or will never be: one that another workflow has asked for may be about to begin as
   * long as that is open and has not given it up (`leaving`).
   */
  private async isClosed({ runId, execution, reply }: PlaceHolder, leaving = false): Promise<boolean> {
    const described = await this.describe(runId);
    // A run that a schedule has just started has no memo yet: the one that is open is meant.
    const latest = described && (runRow(described)?.run.execution ?? execution);
    if (latest !== undefined && latest > execution) return true;
    if (latest === execution) return described!.status.name !== 'RUNNING';
    return reply === undefined || leaving || (await this.describe(reply))?.status.name !== 'RUNNING';
  }

  private async sendAsks(pool: string, asks: readonly Ask[]): Promise<readonly PlaceAnswer[]> {
    const limit = asks.map((ask) => ask.limit).reduce((a, b) => (b.revision > a.revision ? b : a));
    return this.send(pool, { requests: asks.map(({ request }) => request), limit });
  }

  private async send(pool: string, message: AskPlaces): Promise<readonly PlaceAnswer[]> {
    try {
      return await this.temporal.call(
        () =>
          this.temporal.client.workflow.executeUpdateWithStart<Workflow, AskPlacesResult, [AskPlaces]>(ASK_PLACES, {
            args: [message],
            startWorkflowOperation: new WithStartWorkflowOperation<Workflow>(POOL, startOptions(pool)),
          }),
        { write: true, deadlineMs: ASK_DEADLINE_MS },
      );
    } catch {
      // It may have been heard, or not: to ask again changes nothing.
      await this.temporal.call(
        () =>
          this.temporal.client.workflow.signalWithStart(POOL, {
            ...startOptions(pool),
            signal: ASK_PLACES,
            signalArgs: [message],
          }),
        { write: true },
      );
      return message.requests.map(() => ({ state: 'waiting' }));
    }
  }

  private async sendHolders(pool: string, signal: string, message: LeavePlaces | ParkPlaces): Promise<readonly undefined[]> {
    await this.signal(poolId(pool), signal, message, LEAVE_DEADLINE_MS);
    return message.holders.map(() => undefined);
  }

  /** False when no such workflow is open. */
  private async signal(workflowId: string, name: string, message: unknown, deadlineMs?: number): Promise<boolean> {
    const handle = this.temporal.client.workflow.getHandle(workflowId);
    try {
      await this.temporal.call(() => handle.signal(name, message), { write: true, deadlineMs });
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  /** False when no such workflow is open. */
  async cancel(workflowId: string, reason: string): Promise<boolean> {
    try {
      await this.temporal.call(
        () =>
          this.temporal.client.workflowService.requestCancelWorkflowExecution({
            namespace: this.temporal.namespace,
            workflowExecution: { workflowId },
            identity: this.temporal.target.identity,
            reason,
          }),
        { write: true },
      );
      return true;
    } catch (error) {
      if (grpcCode(error) === GRPC.NOT_FOUND) return false;
      throw error;
    }
  }

  private async describe(workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
    try {
      return await this.temporal.call(() => this.temporal.client.workflow.getHandle(workflowId).describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }
}

function startOptions(pool: string) {
  return {
    workflowId: poolId(pool),
    taskQueue: SYSTEM_QUEUE,
    args: [{ name: pool } satisfies PoolInput] as [PoolInput],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `places of ${pool}`,
  } as const;
}

/** Does it for each of them, some at a time; what fails is left to the next time. */
async function eachOf<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += AT_ONCE) await Promise.allSettled(all.slice(at, at + AT_ONCE).map(act));
}
