import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from './task-error.js';

/** Where the connections come from that `with.connection` names (R18, R25). */
export interface ConnectionSource {
  /** The address, password included, or `undefined` when there is none of that name. */
  read(name: string): Promise<string | undefined>;
}

/** A name as it may stand in `with.connection`: letters, digits, `_ . -`, at most 128. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** Connections from the environment (`warehouse` is BATON_CONNECTION_WAREHOUSE), else from the file of that name in a folder. */
export class Connections implements ConnectionSource {
  constructor(
    /** By the part of the variable after its prefix. */
    private readonly values: ReadonlyMap<string, string>,
    private readonly folder?: string,
  ) {}

  /** Throws `TaskError` (`ConnectionUnreadable`) for a file that cannot be read. */
  async read(name: string): Promise<string | undefined> {
    if (!NAME.test(name)) return undefined;
    const value = this.values.get(name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_'));
    if (value !== undefined || this.folder === undefined) return value;
    try {
      return (await readFile(join(this.folder, name), 'utf8')).trim();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw new TaskError(
        'ConnectionUnreadable',
        `connection ${name} cannot be read (${code}); let the worker's user read its file`,
      );
    }
  }
}
