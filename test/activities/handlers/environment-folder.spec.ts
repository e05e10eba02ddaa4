import { mkdir, mkdtemp, readdir, realpath, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvironmentFolder } from '../../../activities/handlers/environment-folder.js';

const HOUR_MS = 3_600_000;
const [A, B] = ['a'.repeat(32), 'b'.repeat(32)];

describe('a folder of environments', () => {
  let path: string;
  let folder: EnvironmentFolder;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'baton-environments-'));
    folder = new EnvironmentFolder(path, HOUR_MS);
  });
  afterEach(() => rm(path, { recursive: true, force: true }));

  const built = (name: string): Promise<string> => folder.build(name, (place) => writeFile(join(place, 'made'), ''));
  const used = (name: string, of = folder): Promise<string> => {
    const get = async () => (await of.find(name)) ?? built(name);
    return of.use(name, get, async (place) => basename(place));
  };
  /** As if nobody had used it for so long. */
  const age = (place: string, hours: number) => utimes(place, new Date(), new Date(Date.now() - hours * HOUR_MS));
  /** Another process begins: at the end of its first task it sweeps. */
  const sweep = (name: string) => used(name, new EnvironmentFolder(path, HOUR_MS));
  const names = async () => (await readdir(path)).sort();

  it('publishes what was built, deletes what failed, and takes what another process was first with', async () => {
    await expect(folder.build(A, () => Promise.reject(new Error('pip says no')))).rejects.toThrow('pip says no');
    expect(await names()).toEqual([]);
    const first = await built(A);
    expect(await folder.find(A)).toBe(first);
    expect(await built(A)).toBe(first);
    expect(await names()).toEqual([A, basename(first)]);
  });

  it('deletes what was not used for long, and what a killed worker has left half built', async () => {
    const [old, fresh] = [await built(A), await built(B)];
    await mkdir(join(path, `${A}-half`));
    await mkdir(join(path, `${A}-begun`));
    await age(old, 2);
    await age(join(path, `${A}-half`), 25);
    await sweep(B);
    await expect.poll(names).toEqual([`${A}-begun`, B, basename(fresh)]);
  });

  it('never deletes what is in use, however old it was', async () => {
    const place = await built(A);
    const left = join(path, `${A}-half`);
    await mkdir(left);
    await Promise.all([age(place, 2), age(left, 25)]);
    await folder.use(
      A,
      async () => place,
      async () => {
        const other = basename(await sweep(B));
        await expect.poll(names).toEqual([A, basename(place), B, other].sort());
      },
    );
  });

  it('builds anew what was deleted between looking it up and using it', async () => {
    const place = await built(A);
    const asked: string[] = [];
    const get = async () => {
      const found = (await folder.find(A)) ?? (await built(A));
      asked.push(found);
      // Its link is taken back at this very moment, and then all of it.
      if (asked.length === 1) await unlink(join(path, A));
      if (asked.length === 1) await rm(place, { recursive: true });
      return found;
    };
    const taken = await folder.use(A, get, async (each) => each);
    expect(asked).toEqual([place, taken]);
    expect(taken).toBe(await realpath(join(path, A)));
  });
});
