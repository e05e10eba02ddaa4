import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderStore } from '../../src/objects/folder-store.js';
import { ObjectStoreError, objectStoreError } from '../../src/objects/object-store-error.js';

let root: string;
let store: FolderStore;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (found: Uint8Array | undefined): string | undefined =>
  found === undefined ? undefined : Buffer.from(found).toString();
async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found;
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'baton-store-'));
  store = new FolderStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a folder store', () => {
  it('gives back what was put, and nothing for what was not', async () => {
    await store.put('runs/a/1', bytes('hello'));
    expect(text(await store.get('runs/a/1'))).toBe('hello');
    expect(await store.has('runs/a/1')).toBe(true);
    expect(await store.get('runs/a/2')).toBeUndefined();
    expect(await store.get('runs/a/1/below')).toBeUndefined();
    expect(await store.has('runs/a')).toBe(false);
  });

  it('takes the same bytes again and refuses others, by name', async () => {
    await store.put('k', bytes('one'));
    await store.put('k', bytes('one'));
    await expect(store.put('k', bytes('two'))).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'conflict', key: 'k' });
    expect(text(await store.get('k'))).toBe('one');
  });

  it('lets exactly one of many simultaneous writers of a key win, with a whole blob', async () => {
    const values = Array.from({ length: 20 }, (_, i) => String(i).repeat(200_000));
    const results = await Promise.allSettled(values.map((value) => new FolderStore(root).put('a/b/c', bytes(value))));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    for (const r of results) if (r.status === 'rejected') expect(r.reason).toMatchObject({ code: 'conflict' });
    expect(values).toContain(text(await store.get('a/b/c')));
    expect(await readdir(join(root, '~tmp'))).toEqual([]);
  });

  it('lets all simultaneous writers of the same bytes succeed', async () => {
    await Promise.all(Array.from({ length: 20 }, () => new FolderStore(root).put('same', bytes('x'.repeat(100_000)))));
    expect((await store.get('same'))?.length).toBe(100_000);
  });

  it('lists keys below a prefix in the order of whole keys', async () => {
    const keys = ['p/a/1', 'p/a-b', 'p/a.c', 'p/a0', 'p/B', 'p/a/0/x', 'p/a+', 'q/z', 'p/=2F'];
    await Promise.all(keys.map((key) => store.put(key, bytes(key))));
    expect(await all(store.list('p/'))).toEqual(keys.filter((k) => k.startsWith('p/')).sort((a, b) => (a < b ? -1 : 1)));
    expect(await all(store.list('nothing/'))).toEqual([]);
  });

  it('lists as a stream: the first key comes without reading the last folders', async () => {
    await store.put('d/1/x', bytes(''));
    await store.put('d/2/x', bytes(''));
    const keys = store.list('d/');
    expect((await keys.next()).value).toBe('d/1/x');
    await store.deleteAll('d/2/');
    expect((await keys.next()).done).toBe(true);
  });

  it('deletes a blob, all below a prefix, and what it never had', async () => {
    for (const key of ['r/a/1', 'r/a/2', 'r/ab']) await store.put(key, bytes('x'));
    await store.delete('r/a/1');
    await store.delete('r/a/1');
    expect(await all(store.list('r/'))).toEqual(['r/a/2', 'r/ab']);
    await store.deleteAll('r/a/');
    await store.deleteAll('r/a/');
    expect(await all(store.list('r/'))).toEqual(['r/ab']);
    await store.deleteAll('r/ab/');
    expect(await store.has('r/ab')).toBe(true);
    await store.delete('r/ab');
    expect(await readdir(root)).toEqual(['~tmp']);
    await store.put('r/a/1', bytes('again'));
    expect(text(await store.get('r/a/1'))).toBe('again');
  });

  it.each([
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.',
    '..',
    'a/../b',
    'a/./b',
    'a b',
    'a\\b',
    'a\0',
    '~tmp/x',
    'ü',
    `a/${'x'.repeat(256)}`,
  ])('refuses the key %j', async (key) => {
    for (const act of [() => store.put(key, bytes('')), () => store.get(key), () => store.has(key), () => store.delete(key)]) {
      await expect(act()).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'bad_key' });
    }
    if (key !== 'a/') await expect(store.deleteAll(`${key}/`)).rejects.toMatchObject({ code: 'bad_key' });
  });

  it('refuses a prefix that does not end with a slash, and a key below a key', async () => {
    await expect(all(store.list('runs'))).rejects.toMatchObject({ code: 'bad_key' });
    await store.put('file', bytes('x'));
    await expect(store.put('file/below', bytes('x'))).rejects.toMatchObject({ code: 'bad_key' });
  });

  it('leaves nothing under the key when its writer is killed in mid-write, and sweeps what is left', async () => {
    // Prints after each blob; is killed while it writes.
    const script = `
      import { FolderStore } from ${JSON.stringify(new URL('../../src/objects/folder-store.ts', import.meta.url).pathname)};
      const store = new FolderStore(process.argv[2]);
      const size = 2 * 1024 * 1024;
      for (let i = 0; ; i++) { const put = store.put('big/' + String(i).padStart(6, '0'), Buffer.alloc(size, i % 256)); if (i > 2) console.log(i); await put; }
    `;
    const file = join(root, 'writer.mts');
    await writeFile(file, script);
    for (let round = 0; round < 2; round++) {
      const home = join(root, `home${round}`);
      await mkdir(home);
      const child = spawn(process.execPath, [...tsLoader(), file, home], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      const after = new FolderStore(home);
      const keys = await all(after.list('big/'));
      expect(keys.length).toBeGreaterThanOrEqual(3);
      for (const key of keys) expect((await after.get(key))?.length).toBe(2 * 1024 * 1024);
      for (const name of await readdir(join(home, '~tmp'))) await utimes(join(home, '~tmp', name), 0, 0);
      await after.sweepTemporaryFiles();
      expect(await readdir(join(home, '~tmp'))).toEqual([]);
    }
  }, 60_000);

  it('names a folder that may not be written, and what to do', async () => {
    if (process.getuid?.() === 0) {
      expect(objectStoreError(Object.assign(new Error('x'), { code: 'EACCES' }), 'write', 'k')).toMatchObject({
        code: 'no_permission',
      });
      return;
    }
    await chmod(root, 0o500);
    await expect(store.put('k', bytes('x'))).rejects.toMatchObject({ code: 'no_permission' });
    await chmod(root, 0o700);
  });

  it.each(['is gone', 'is not a folder'])('says so when its own folder %s, and goes on when it is back', async (trouble) => {
    await store.put('runs/a', bytes('kept'));
    await rename(root, `${root}-aside`);
    if (trouble === 'is not a folder') await writeFile(root, '');
    try {
      for (const act of [() => store.get('runs/a'), () => store.has('runs/b'), () => all(store.list('runs/'))]) {
        await expect(act()).rejects.toMatchObject({ code: 'io', message: expect.stringContaining(trouble) });
      }
      if (trouble === 'is not a folder') await expect(store.put('runs/c', bytes('x'))).rejects.toMatchObject({ code: 'io' });
    } finally {
      await rm(root, { force: true });
      await rename(`${root}-aside`, root);
    }
    expect(text(await store.get('runs/a'))).toBe('kept');
    await store.put('runs/c', bytes('x'));
  });

  it('names a full disk, and what to do, without paths of the host', () => {
    const error = objectStoreError(Object.assign(new Error(`write ${root}`), { code: 'ENOSPC' }), 'write', 'runs/a');
    expect(error).toBeInstanceOf(ObjectStoreError);
    expect(error.code).toBe('no_space');
    expect(error.message).toMatch(/free space/);
    expect(error.message).not.toContain(root);
  });
});

/** Runs TypeScript in a child. */
function tsLoader(): string[] {
  return ['--import', new URL('../support/ts-loader.mjs', import.meta.url).pathname];
}
