import type { Pool, PoolClient } from 'pg';
import type { SqlSettings } from '../activity-deps.js';
import type { TaskContext } from '../task-context.js';
import { TaskError } from '../task-error.js';
import { postgresError } from './postgres-error.js';
import { Slots } from './sql-slots.js';

const DEFAULT_CONNECTIONS = 10;
const CONNECT_MS = 10_000;
const IDLE_MS = 10_000;
/** After this a connection is cut whose server has not stopped the statement. */
const CANCEL_MS = 3000;
const IN_TRANSACTION = '25001';
const SCHEME = /^postgres(ql)?:\/\//;

/**
 * What values look like, whatever the server's own settings say; and the server looks whether we are still there, so that the statement
 * of a killed worker does not run on beside its next attempt (from version 15 on, where every platform can).
 */
const SET_UP = `select set_config(c.name, c.value, false), pg_backend_pid() as pid from (values
  ('TimeZone', 'UTC'), ('DateStyle', 'ISO'), ('IntervalStyle', 'postgres'), ('bytea_output', 'hex'), ('extra_float_digits', '1'),
  ('standard_conforming_strings', 'on'), ('client_connection_check_interval', '5s'), ('application_name', $1)) as c(name, value)
  where c.name <> 'client_connection_check_interval' or current_setting('server_version_num')::int >= 150000`;

/** The connections of this process to PostgreSQL: a bounded pool for each address, opened when a task needs it. */
export class PostgresPools {
  private readonly pools = new Map<string, { readonly pool: Pool; readonly slots: Slots }>();

  constructor(private readonly settings: SqlSettings) {}

  /**
   * Gives `work` a connection to itself, as new. When the task shall stop, its statement is cancelled on the server. A connection on which
   * something failed is closed, and what it had not committed is undone.
   */
  async use<T>(name: string, context: TaskContext, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const address = await this.address(name);
    const { pool, slots } = await this.pool(address);
    return slots.use(async () => {
      const client = await opened(pool, context.signal).catch((error: unknown) => {
        throw context.signal.aborted ? context.signal.reason : postgresError(error, name, 'connect');
      });
      const onNotice = (notice: { readonly message?: string }): void => context.log.info(notice.message ?? '');
      client.on('notice', onNotice);
      let clean = false;
      try {
        const { rows } = await client.query(SET_UP, [`baton ${context.info.runId}/${context.info.taskId}`]);
        const result = await cancellable(client, address, Number(rows[0].pid), context.signal, () => work(client));
        clean = await isAsNew(client);
        return result;
      } catch (error) {
        throw context.signal.aborted ? context.signal.reason : postgresError(error, name, 'run');
      } finally {
        client.off('notice', onNotice);
        client.release(!clean);
      }
    }, context.signal);
  }

  private async address(name: string): Promise<string> {
    const address = await this.settings.connections?.read(name);
    if (address === undefined)
      throw new TaskError(
        'ConnectionMissing',
        `there is no connection ${name.slice(0, 128)} on this worker; the administrator can set BATON_CONNECTION_<NAME> or put a file of that name into the connections folder`,
        { retryable: false },
      );
    if (!SCHEME.test(address) || !URL.canParse(address))
      throw new TaskError(
        'ConnectionInvalid',
        `connection ${name} must be an address postgresql://user:password@host/database`,
        {
          retryable: false,
        },
      );
    return address;
  }

  private async pool(address: string): Promise<{ readonly pool: Pool; readonly slots: Slots }> {
    // Loaded when the first task needs it.
    const { default: pg } = await import('pg');
    let found = this.pools.get(address);
    if (found === undefined) {
      const max = this.settings.connectionsPerDatabase ?? DEFAULT_CONNECTIONS;
      const pool = new pg.Pool({
        connectionString: address,
        max,
        connectionTimeoutMillis: CONNECT_MS,
        idleTimeoutMillis: IDLE_MS,
        allowExitOnIdle: true,
        keepAlive: true,
        // Values come as text and are read by their type in the catalogue.
        types: { getTypeParser: () => (text: string) => text },
      } as ConstructorParameters<typeof pg.Pool>[0]);
      // A connection that breaks while nobody uses it is replaced by the next.
      pool.on('error', () => undefined);
      found = { pool, slots: new Slots(max) };
      this.pools.set(address, found);
    }
    return found;
  }
}

/**
 * Ends settings, temporary tables and locks, so that the next task finds none. False when the connection broke meanwhile, which is no
 * failure of the task; throws for a transaction that it has left open.
 */
async function isAsNew(client: PoolClient): Promise<boolean> {
  try {
    await client.query('discard all');
    return true;
  } catch (error) {
    if ((error as { readonly code?: string }).code !== IN_TRANSACTION) return false;
    throw new TaskError(
      'SqlError',
      'the text leaves a transaction open, so nothing of it is kept; write a list, which is one transaction',
      {
        details: { sqlState: IN_TRANSACTION },
        retryable: false,
      },
    );
  }
}

/** One that comes too late for a task that was cancelled goes back. */
async function opened(pool: Pool, signal: AbortSignal): Promise<PoolClient> {
  signal.throwIfAborted();
  const connecting = pool.connect();
  let onAbort: (() => void) | undefined;
  try {
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    const client = await Promise.race([connecting, aborted]);
    // What breaks it makes its query fail; between two of them nobody need hear it.
    if (client.listenerCount('error') === 0) client.on('error', () => undefined);
    return client;
  } catch (error) {
    connecting.then(
      (client) => client.release(),
      () => undefined,
    );
    throw error;
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

async function cancellable<T>(
  client: PoolClient,
  address: string,
  pid: number,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  let cut: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    cut = setTimeout(() => void client.end().catch(() => undefined), CANCEL_MS);
    void cancelStatement(address, pid).catch(() => undefined);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await work();
  } finally {
    clearTimeout(cut);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Over a connection of its own: the task's is busy. */
async function cancelStatement(address: string, pid: number): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: CANCEL_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_cancel_backend($1)', [pid]);
  } finally {
    await client.end();
  }
}
