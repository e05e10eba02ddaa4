import { setTimeout as delay } from 'node:timers/promises';
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { RETENTION, RETENTION_ID, type RetentionInput, SEARCH_ATTRIBUTES, SYSTEM_QUEUE } from '../../workflows/contract.js';
import type { Log } from './log.js';
import type { TemporalConnection } from './temporal-connection.js';
import { GRPC, grpcCode } from './temporal-error.js';

const { IndexedValueType } = proto.temporal.api.enums.v1;

const TYPES = {
  KEYWORD: { code: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD, cli: 'Keyword' },
  KEYWORD_LIST: { code: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST, cli: 'KeywordList' },
  DATETIME: { code: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME, cli: 'Datetime' },
} as const;
type AttributeName = keyof typeof SEARCH_ATTRIBUTES;
const NAMES = Object.keys(SEARCH_ATTRIBUTES) as AttributeName[];

const USABLE_MS = 20_000;
/** The answers of a server that keeps such calls to its administrators. */
const NOT_FOR_US: ReadonlySet<number | undefined> = new Set([GRPC.PERMISSION_DENIED, GRPC.UNAUTHENTICATED, GRPC.UNIMPLEMENTED]);

export interface SetupOptions {
  readonly retentionMs: number;
  /** The namespace is ours (the embedded server): its retention may be set (R3). */
  readonly ownNamespace: boolean;
  readonly log: Log;
}

/** Temporal cannot be used as it is; the message holds the command that mends it. */
export class TemporalSetupError extends Error {
  override readonly name = 'TemporalSetupError';
}

/**
 * Prepares the namespace, at every boot: search attributes, retention, the daily sweep. Repeating it changes nothing.
 * @throws TemporalSetupError when an administrator must do something first; TemporalUnavailableError
 */
export async function setUpTemporal(connection: TemporalConnection, options: SetupOptions): Promise<void> {
  await ensureSearchAttributes(connection);
  await ensureRetention(connection, options);
  await ensureSweep(connection, options.retentionMs);
}

/** Registers the search attributes that are missing, and waits until the server can use them. @throws TemporalSetupError */
export async function ensureSearchAttributes(connection: TemporalConnection): Promise<void> {
  const { connection: grpc, namespace } = connection;
  const missing = await missingAttributes(connection);
  const command = createCommand(namespace, missing.length > 0 ? missing : NAMES);
  if (missing.length > 0) {
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, TYPES[SEARCH_ATTRIBUTES[name]].code]));
    try {
      await connection.call(() => grpc.operatorService.addSearchAttributes({ namespace, searchAttributes }), {
        deadlineMs: 10_000,
      });
    } catch (error) {
      // Another process of ours may have been faster.
      if ((await missingAttributes(connection)).length > 0) {
        throw new TemporalSetupError(
          `Temporal does not let Baton register its search attributes. Run this once:\n  ${command}`,
          { cause: error },
        );
      }
    }
  }
  await untilUsable(connection, command);
}

function createCommand(namespace: string, names: readonly AttributeName[]): string {
  return `temporal operator search-attribute create --namespace ${namespace} ${names.map((name) => `--name ${name} --type ${TYPES[SEARCH_ATTRIBUTES[name]].cli}`).join(' ')}`;
}

/** @throws TemporalSetupError when one exists with another type. */
async function missingAttributes(connection: TemporalConnection): Promise<AttributeName[]> {
  const { namespace } = connection;
  let custom: { readonly [name: string]: number };
  try {
    ({ customAttributes: custom } = await connection.call(() =>
      connection.connection.operatorService.listSearchAttributes({ namespace }),
    ));
  } catch (error) {
    if (!NOT_FOR_US.has(grpcCode(error))) throw error;
    // Temporal Cloud has no such call; then every attribute is asked for, and what cannot be queried is missing.
    return [];
  }
  const other = NAMES.filter((name) => custom[name] !== undefined && custom[name] !== TYPES[SEARCH_ATTRIBUTES[name]].code);
  if (other.length > 0)
    throw new TemporalSetupError(
      `Search attributes of another type stand in Baton's way: ${other.map((name) => `${name} must be ${TYPES[SEARCH_ATTRIBUTES[name]].cli}`).join(', ')}. Use another namespace (TEMPORAL_NAMESPACE), or remove them.`,
    );
  return NAMES.filter((name) => custom[name] === undefined);
}

/** Every server process learns of a new attribute in its own time: until a query knows it, a start would be refused. */
async function untilUsable(connection: TemporalConnection, command: string): Promise<void> {
  const query = NAMES.map((name) => `${name} IS NULL`).join(' AND ');
  for (const until = Date.now() + USABLE_MS; ; await delay(100)) {
    try {
      await connection.call(() => connection.client.workflow.count(query));
      return;
    } catch (error) {
      if (grpcCode(error) !== GRPC.INVALID_ARGUMENT) throw error;
      if (Date.now() > until)
        throw new TemporalSetupError(`Temporal does not know Baton's search attributes. Run this once:\n  ${command}`, {
          cause: error,
        });
    }
  }
}

/** Sets the retention of a namespace of ours; says so when a foreign one keeps runs for a shorter time (R3). */
export async function ensureRetention(
  connection: TemporalConnection,
  { retentionMs, ownNamespace, log }: SetupOptions,
): Promise<void> {
  const { namespace, client } = connection;
  const { config } = await connection.call(() => client.workflowService.describeNamespace({ namespace }));
  const now = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000;
  if (now === retentionMs || (!ownNamespace && now > retentionMs)) return;
  if (ownNamespace) {
    await connection.call(
      () =>
        client.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: msToTs(retentionMs) } }),
      { deadlineMs: 10_000 },
    );
    log.info({ namespace }, `Temporal keeps closed runs for ${hours(retentionMs)}.`);
    return;
  }
  log.warn(
    { namespace },
    `Temporal forgets closed runs of namespace ${namespace} after ${hours(now)}, before BATON_RETENTION (${hours(retentionMs)}): their reports stay, their histories do not. ` +
      `To change that: temporal operator namespace update --namespace ${namespace} --retention ${hours(retentionMs)}`,
  );
}

/** A Temporal Schedule that sweeps what is older than the retention, daily at a quiet hour. */
export async function ensureSweep(connection: TemporalConnection, retentionMs: number): Promise<void> {
  const { schedule } = connection.client;
  const input: RetentionInput = { retentionMs };
  const what = {
    spec: { calendars: [{ hour: 3, minute: 17 }], jitter: '30 minutes' },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day' },
    action: {
      type: 'startWorkflow' as const,
      workflowType: RETENTION,
      workflowId: RETENTION_ID,
      taskQueue: SYSTEM_QUEUE,
      args: [input],
    },
  };
  try {
    await connection.call(() => schedule.create({ scheduleId: RETENTION_ID, ...what }));
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await connection.call(() => schedule.getHandle(RETENTION_ID).update((is) => ({ ...what, state: is.state })));
  }
}

const hours = (ms: number) => `${Math.round(ms / 3_600_000)}h`;
