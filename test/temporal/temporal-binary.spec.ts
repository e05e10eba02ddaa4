import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { QUIET } from '../../src/temporal/log.js';
import { cachedBinary, findTemporalBinary } from '../../src/temporal/temporal-binary.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baton-binary-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, 0o755);
  return path;
}

test('the program that is named goes first, then PATH, then the cache', async () => {
  const cacheDir = join(folder, 'cache');
  const cached = await program(cachedBinary(cacheDir));
  expect(await findTemporalBinary({ cacheDir, env: { PATH: folder } }, QUIET)).toBe(cached);
  const onPath = await program(join(folder, 'bin', 'temporal'));
  expect(await findTemporalBinary({ cacheDir, env: { PATH: `/nowhere:${join(folder, 'bin')}` } }, QUIET)).toBe(onPath);
  const named = await program(join(folder, 'mine'));
  expect(await findTemporalBinary({ cacheDir, binary: named, env: { PATH: join(folder, 'bin') } }, QUIET)).toBe(named);
});

test('a named program that cannot be run is said, not replaced', async () => {
  await expect(findTemporalBinary({ cacheDir: folder, binary: join(folder, 'none'), env: {} }, QUIET)).rejects.toThrow(
    /^BATON_TEMPORAL_BIN=.*none is not a program that can be run/,
  );
});

test('a cache that cannot be made is named with the variable that moves it', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(findTemporalBinary({ cacheDir: join(file, 'cache'), env: {} }, QUIET)).rejects.toThrow(/XDG_CACHE_HOME/);
});
