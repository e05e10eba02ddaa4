import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, DuckDBInstanceCache } from '@duckdb/node-api';
import type { Resources } from '../../src/dag/resources.js';
import type { SqlSettings } from '../activity-deps.js';
import { NO_RESOURCES } from '../task-context.js';
import { TaskError } from '../task-error.js';
import { sqlLiteral } from './sql-text.js';

/** A private database may take this share of the machine's memory at most, as one that DuckDB opens by itself does. */
const MEMORY_SHARE = 0.8;

/** A connection that a task has to itself, and a folder for its files in between. */
export interface SqlSession {
  readonly connection: DuckDBConnection;
  readonly scratch: string;
  close(): Promise<void>;
}

const OPTIONS = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  allow_community_extensions: 'false',
};

/** Of the whole process: DuckDB must not open one file twice. */
const FILES = new DuckDBInstanceCache();
let scratchRoot: Promise<string> | undefined;
/** Opening and locking of shared files, one after the other. */
let opening: Promise<unknown> = Promise.resolve();

/**
 * Opens DuckDB for tasks: private in memory, or a file below a data folder, which tasks of this process share. SQL reaches the
 * data folders and its own scratch folder, no other file and no network; its settings are locked.
 */
export class SqlDatabases {
  constructor(private readonly settings: SqlSettings) {}

  /**
   * @param resources `cpu` and `memory` of a private database, as far as the machine has them. A file has those of its process: it is
   * one database, whoever uses it.
   */
  async open(file: string | undefined, resources: Resources = NO_RESOURCES): Promise<SqlSession> {
    scratchRoot ??= makeScratchRoot();
    const root = await scratchRoot;
    const scratch = await mkdtemp(join(root, 'task-'));
    if (file !== undefined) await mkdir(dirname(file), { recursive: true });
    const { cpu, memory } = file === undefined ? resources : NO_RESOURCES;
    const { threads = 2, memoryLimit = '1GiB' } = this.settings;
    const options = {
      ...OPTIONS,
      threads: String(cpu === undefined ? threads : Math.min(Math.ceil(cpu), Math.max(availableParallelism(), threads))),
    };
    const limit = memory === undefined ? memoryLimit : `${Math.ceil(Math.min(memory, totalmem() * MEMORY_SHARE) / 1024)}KiB`;
    const connect = async (create: Promise<DuckDBInstance>): Promise<readonly [DuckDBInstance, DuckDBConnection]> => {
      const instance = await create;
      const connection = await instance.connect();
      await this.lock(connection, root, limit);
      return [instance, connection];
    };
    const opened =
      file === undefined
        ? connect(DuckDBInstance.create(':memory:', options))
        : opening.then(() => connect(FILES.getOrCreateInstance(file, options)));
    if (file !== undefined) opening = opened.catch(() => undefined);
    const [instance, connection] = await opened;
    return {
      connection,
      scratch,
      close: async () => {
        connection.closeSync();
        // The last one that uses a file lets go of it.
        instance.closeSync();
        await rm(scratch, { recursive: true, force: true }).catch(() => undefined);
      },
    };
  }

  /** The file that a path of a task names; relative ones are below the first data folder. Throws `TaskError` outside of all. */
  path(path: string, what: string): string {
    const folders = this.settings.dataFolders ?? [];
    const [first] = folders;
    if (first === undefined)
      throw new TaskError(
        'SqlFileNotAllowed',
        `${what}: SQL tasks of this worker have no data folder; the administrator can name one`,
        { retryable: false },
      );
    const full = resolve(first, path);
    const allowed = folders.some((folder) => {
      const below = relative(resolve(folder), full);
      return below !== '' && !below.startsWith('..') && !isAbsolute(below);
    });
    if (!allowed || path.includes('\0'))
      throw new TaskError('SqlFileNotAllowed', `${what}: ${path} is outside of the data folders of this worker`, {
        retryable: false,
      });
    return full;
  }

  /** Idempotent: the second task of a shared file finds it done. */
  private async lock(connection: DuckDBConnection, scratchRoot: string, memoryLimit: string): Promise<void> {
    const locked = await connection.runAndReadAll("select current_setting('lock_configuration')");
    const folders = (this.settings.dataFolders ?? []).map((folder) => `${resolve(folder)}/`);
    if (locked.getRows()[0]?.[0] !== true) {
      await connection.run(
        [
          "set global TimeZone = 'UTC'",
          `set global memory_limit = ${sqlLiteral(memoryLimit)}`,
          `set global temp_directory = ${sqlLiteral(`${scratchRoot}/spill`)}`,
          `set global allowed_directories = ${sqlLiteral([...folders, `${scratchRoot}/`])}`,
          'set global enable_external_access = false',
          'set global lock_configuration = true',
        ].join('; '),
      );
    }
    if (folders[0] !== undefined) await connection.run(`set variable data_folder = ${sqlLiteral(folders[0].slice(0, -1))}`);
  }
}

async function makeScratchRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'baton-sql-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  return root;
}
