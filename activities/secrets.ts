import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from './task-error.js';

/** Where secrets come from (R25). */
export interface SecretSource {
  /** `undefined` when there is none of that name. */
  read(name: string): Promise<string | undefined>;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Secrets from the environment as `BATON_SECRET_<NAME>` (looked up by the caller), else from the file `<folder>/<NAME>`. */
export class Secrets implements SecretSource {
  constructor(
    /** Looks up one environment variable. */
    private readonly environment: (variable: string) => string | undefined,
    private readonly folder?: string,
  ) {}

  async read(name: string): Promise<string | undefined> {
    if (!NAME.test(name)) return undefined;
    const value = this.environment(`BATON_SECRET_${name}`);
    if (value !== undefined || this.folder === undefined) return value;
    try {
      // Editors end a file with a newline; no secret does.
      return (await readFile(join(this.folder, name), 'utf8')).replace(/\r?\n$/, '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new TaskError(
        'SecretUnreadable',
        `secret ${name} cannot be read (${(error as NodeJS.ErrnoException).code}); let the worker's user read its file`,
      );
    }
  }
}

/** Reads the secrets that a task names; throws `TaskError` (`SecretMissing`, not retried) for one that is not there. */
export async function resolveSecrets(
  source: SecretSource,
  names: readonly string[],
): Promise<{ readonly [name: string]: string }> {
  const found = await Promise.all(
    names.map(async (name) => {
      const value = await source.read(name);
      if (value === undefined) {
        throw new TaskError(
          'SecretMissing',
          `there is no secret ${name} on this worker; set BATON_SECRET_${name} or put a file ${name} into the secrets folder`,
          { retryable: false },
        );
      }
      return [name, value] as const;
    }),
  );
  return Object.fromEntries(found);
}
