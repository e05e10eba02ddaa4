import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Json } from '../../src/dag/json.js';
import type { ObjectStore } from '../../src/objects/object-store.js';
import type { TaskContext } from '../task-context.js';
import { TaskError } from '../task-error.js';
import { type Glob, glob } from './glob.js';
import { NotYet } from './not-yet.js';

const OBJECTS = 'objects://';
/** Names that one poll looks at, and files that it may find. */
const MAX_LOOKED_AT = 100_000;
const MAX_FOUND = 10_000;

/** A poll for files below the data folders of this worker, or for objects. */
export class FileWatch {
  constructor(private readonly folders: readonly string[]) {}

  /** The files that a path or pattern names, in order; throws `NotYet` while there is none. Folders do not count. */
  async look(pattern: Json, { objects, signal }: TaskContext): Promise<{ readonly files: readonly string[] }> {
    if (typeof pattern !== 'string' || pattern === '' || pattern.includes('\0'))
      throw bad(`must be the name of a file, not ${JSON.stringify(pattern).slice(0, 100)}`);
    const found = pattern.startsWith(OBJECTS)
      ? await this.objectsLike(pattern.slice(OBJECTS.length), objects, signal)
      : await this.filesLike(pattern, signal);
    if (found.length === 0) throw new NotYet(`no file ${pattern}`);
    return { files: found.sort() };
  }

  private async objectsLike(pattern: string, objects: ObjectStore, signal: AbortSignal): Promise<string[]> {
    const wanted = glob(pattern);
    if (wanted.literal) return (await objects.has(pattern)) ? [OBJECTS + pattern] : [];
    if (wanted.folder === '') throw bad(`${OBJECTS}${pattern} would look at every object; begin with the name of a folder`);
    const found = new Found(pattern, signal);
    for await (const key of objects.list(`${wanted.folder}/`)) found.see(wanted.test(key) ? OBJECTS + key : undefined);
    return found.files;
  }

  private async filesLike(pattern: string, signal: AbortSignal): Promise<string[]> {
    const root = this.rootOf(pattern);
    const wanted = glob(relative(root, resolve(this.folders[0]!, pattern)).split(sep).join('/'));
    const shown = (path: string): string =>
      isAbsolute(pattern) ? resolve(root, path) : relative(this.folders[0]!, resolve(root, path));
    const found = new Found(pattern, signal);
    if (wanted.literal) {
      if (await isFile(resolve(root, wanted.folder))) found.see(shown(wanted.folder));
    } else await walk(root, wanted.folder, wanted, (path, fits) => found.see(fits ? shown(path) : undefined));
    return found.files;
  }

  /** The data folder that a pattern is below of. */
  private rootOf(pattern: string): string {
    const [first] = this.folders;
    if (first === undefined) throw bad('waits of this worker have no data folder; the administrator can name one');
    const full = resolve(first, pattern);
    const root = this.folders
      .map((folder) => resolve(folder))
      .find((folder) => {
        const below = relative(folder, full);
        return below !== '' && below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below);
      });
    if (root === undefined) throw bad(`${pattern} is outside of the data folders of this worker`);
    return root;
  }
}

/** What was found so far, within bounds. */
class Found {
  readonly files: string[] = [];
  private looked = 0;

  constructor(
    private readonly pattern: string,
    private readonly signal: AbortSignal,
  ) {}

  /** `file`: one that fits; undefined: something else. */
  see(file: string | undefined): void {
    this.signal.throwIfAborted();
    if (file !== undefined) this.files.push(file);
    if (++this.looked > MAX_LOOKED_AT)
      throw bad(`${this.pattern} has more than ${MAX_LOOKED_AT} names to look at; name a folder`);
    if (this.files.length > MAX_FOUND) throw bad(`${this.pattern} names more than ${MAX_FOUND} files; name fewer`);
  }
}

/** All files below a folder; linked folders are not entered. */
async function walk(root: string, folder: string, wanted: Glob, see: (path: string, fits: boolean) => void): Promise<void> {
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of await entriesOf(resolve(root, next))) {
      const path = next === '' ? entry.name : `${next}/${entry.name}`;
      if (entry.isDirectory()) open.push(path);
      const fits = !entry.isDirectory() && wanted.test(path) && (entry.isFile() || (await isFile(resolve(root, path))));
      see(path, fits);
    }
  }
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function bad(message: string): TaskError {
  return new TaskError('BadInput', `with.file: ${message}`, { retryable: false });
}
