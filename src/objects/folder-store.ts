import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkKey, checkPrefix } from './keys.js';
import type { ObjectStore } from './object-store.js';
import { errorCode, ObjectStoreError, objectStoreError } from './object-store-error.js';

/** Unfinished files live here; `~` is outside the alphabet of keys. */
const TEMP = '~tmp';
/** A file that old belongs to a writer that died: none takes an hour. */
const TEMP_MAX_AGE_MS = 3_600_000;
/** Codes by which a file system says that it has no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/**
 * Blobs as files of a local folder. A blob is written to a temporary file, synced, and then linked to its name, so a reader
 * sees all of it or nothing and of two writers the first wins; a crash leaves at most a temporary file, which the
 * first write of a later process sweeps once it is an hour old. All errors are `ObjectStoreError`s.
 */
export class FolderStore implements ObjectStore {
  private readonly known = new Set<string>();
  private swept?: Promise<unknown>;
  private rootSeen = false;

  constructor(readonly root: string) {}

  async put(key: string, bytes: Uint8Array): Promise<void> {
    checkKey(key);
    const path = this.path(key);
    const temp = join(this.root, TEMP, `${process.pid}.${randomUUID()}`);
    try {
      await this.folder(dirname(temp));
      this.swept ??= this.sweepTemporaryFiles().catch(() => undefined);
      await writeSynced(temp, bytes);
      const first = await this.publish(temp, path);
      this.rootSeen = true;
      if (first) return;
    } catch (error) {
      throw (await this.rootTrouble(error, 'write', key)) ?? objectStoreError(error, 'write', key);
    } finally {
      await rm(temp, { force: true }).catch(() => undefined);
    }
    await this.checkSame(key, bytes);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    checkKey(key);
    try {
      return await readFile(this.path(key));
    } catch (error) {
      if (await this.isAbsent(error, 'read', key)) return undefined;
      throw objectStoreError(error, 'read', key);
    }
  }

  async has(key: string): Promise<boolean> {
    checkKey(key);
    try {
      return (await stat(this.path(key))).isFile();
    } catch (error) {
      if (await this.isAbsent(error, 'read', key)) return false;
      throw objectStoreError(error, 'read', key);
    }
  }

  async *list(prefix: string): AsyncGenerator<string, void, void> {
    checkPrefix(prefix);
    yield* this.walk(prefix);
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    try {
      await unlink(this.path(key));
    } catch (error) {
      if (isMissing(error)) return;
      throw objectStoreError(error, 'delete', key);
    }
    await this.pruneEmpty(dirname(this.path(key)));
  }

  async deleteAll(prefix: string): Promise<void> {
    checkPrefix(prefix);
    const path = this.path(prefix.slice(0, -1));
    try {
      // A blob of that very name is not below the prefix.
      if (!(await stat(path)).isDirectory()) return;
      await rm(path, { recursive: true, force: true });
    } catch (error) {
      if (isMissing(error)) return;
      throw objectStoreError(error, 'delete', prefix);
    }
    await this.pruneEmpty(dirname(path));
  }

  /** Removes temporary files older than `maxAgeMs` (default one hour); returns how many. */
  async sweepTemporaryFiles(maxAgeMs = TEMP_MAX_AGE_MS): Promise<number> {
    const folder = join(this.root, TEMP);
    let removed = 0;
    for (const name of await readdir(folder).catch(() => [])) {
      const file = join(folder, name);
      const info = await stat(file).catch(() => undefined);
      if (info === undefined || Date.now() - info.mtimeMs < maxAgeMs) continue;
      await rm(file, { force: true });
      removed++;
    }
    return removed;
  }

  /** Whether a blob or a folder is just not there. @throws when nothing can be told, because the store itself is away. */
  private async isAbsent(error: unknown, verb: 'read' | 'list', key: string): Promise<boolean> {
    if (!isMissing(error)) return false;
    const trouble = await this.rootTrouble(error, verb, key);
    if (trouble !== undefined) throw trouble;
    return true;
  }

  /** The error of a store whose own folder is away; a store that nothing was ever written to has none yet. */
  private async rootTrouble(
    error: unknown,
    verb: 'read' | 'write' | 'list',
    key: string,
  ): Promise<ObjectStoreError | undefined> {
    if (!isMissing(error) && errorCode(error) !== 'EEXIST') return undefined;
    const root = await stat(this.root).catch(() => undefined);
    if (root?.isDirectory()) this.rootSeen = true;
    else if (root !== undefined || this.rootSeen) {
      return new ObjectStoreError(
        'io',
        key,
        `cannot ${verb} object ${key}: the object store ${root ? 'is not a folder' : 'is gone'}; put the folder of BATON_OBJECTS back, then repeat`,
        { cause: error },
      );
    }
    return undefined;
  }

  private path(key: string): string {
    return join(this.root, ...key.split('/'));
  }

  /** Gives the finished file its name too; false when the name is taken. */
  private async publish(temp: string, path: string): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.folder(dirname(path));
        if (!(await linkOrRename(temp, path))) return false;
        break;
      } catch (error) {
        // The folder may have been pruned by a deletion since we made it.
        if (errorCode(error) !== 'ENOENT' || attempt === 5) throw error;
        this.known.clear();
      }
    }
    await syncFolder(dirname(path));
    return true;
  }

  /** Makes a folder and those above it, each entry synced. */
  private async folder(path: string): Promise<void> {
    if (this.known.has(path)) return;
    const first = await mkdir(path, { recursive: true });
    if (first !== undefined) {
      for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
    }
    // Bounded: it only saves a system call.
    if (this.known.size > 10_000) this.known.clear();
    this.known.add(path);
  }

  private async checkSame(key: string, bytes: Uint8Array): Promise<void> {
    const there = await this.get(key);
    if (there !== undefined && Buffer.compare(there, bytes) === 0) return;
    throw new ObjectStoreError(
      'conflict',
      key,
      `object ${key} exists with other content; stored objects never change, so write to another key`,
    );
  }

  private async *walk(prefix: string): AsyncGenerator<string, void, void> {
    let entries: import('node:fs').Dirent[];
    try {
      entries = await readdir(this.path(prefix.slice(0, -1)), { withFileTypes: true });
    } catch (error) {
      if (await this.isAbsent(error, 'list', prefix)) return;
      throw objectStoreError(error, 'list', prefix);
    }
    // `+`, `-` and `.` come before `/`: the order of whole keys asks for folders to be compared with their slash.
    const names = entries.filter((e) => e.isDirectory() || e.isFile()).map((e) => (e.isDirectory() ? `${e.name}/` : e.name));
    names.sort((a, b) => (a < b ? -1 : 1));
    for (const name of names) {
      if (name.endsWith('/')) yield* this.walk(prefix + name);
      else yield prefix + name;
    }
  }

  /** Removes folders that a deletion left empty, up to the root. */
  private async pruneEmpty(from: string): Promise<void> {
    for (let path = from; path.length > this.root.length; path = dirname(path)) {
      this.known.delete(path);
      if (
        !(await rmdir(path).then(
          () => true,
          () => false,
        ))
      )
        return;
    }
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function linkOrRename(temp: string, path: string): Promise<boolean> {
  try {
    await link(temp, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (!NO_LINKS.has(errorCode(error) ?? '')) throw error;
  }
  // Without hard links the first of two simultaneous writers cannot be told; blobs are still whole.
  if (await stat(path).catch(() => undefined)) return false;
  await rename(temp, path);
  return true;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
