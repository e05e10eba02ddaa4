import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModules } from '../../activities/load-modules.js';

let folder: string;
const module = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return name;
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baton-modules-'));
});

describe('modules of activities', () => {
  it('give each exported function under its name', async () => {
    const paths = [
      await module(
        'a.mjs',
        'export async function one(x) { return x + 1 }\nexport const two = async () => 2; export const limit = 5; export class Broken extends Error {}',
      ),
      await module('b.mjs', 'export function three() {}'),
    ];
    const found = await loadModules([...paths, join(folder, 'a.mjs')], folder);
    expect([...found.keys()]).toEqual(['one', 'two', 'three']);
    expect(await (found.get('one') as unknown as (x: number) => Promise<number>)(1)).toBe(2);
  });

  it.each([
    ['that are not there', 'none.mjs', undefined, /cannot be loaded/],
    ['that do not parse', 'bad.mjs', 'export const = 1', /cannot be loaded/],
    ['that throw', 'throws.mjs', 'throw new Error("no database")', /no database/],
    ['without a function', 'empty.mjs', 'export const a = 1', /exports no function/],
    ['with a default export', 'default.mjs', 'export default async function work() {}', /default export/],
    ['that take the name of a task type', 'http.mjs', 'export async function http() {}', /exports http/],
    ['that take a name of ours', 'system.mjs', 'export async function loadPlan() {}', /exports loadPlan/],
  ])('%s are refused by name', async (_, name, text, message) => {
    if (text !== undefined) await module(name, text);
    await expect(loadModules([name], folder)).rejects.toMatchObject({
      name: 'ActivityModuleError',
      message: expect.stringMatching(message),
    });
    await expect(loadModules([name], folder)).rejects.toThrow(name);
  });

  it('that export the same name are refused, both named', async () => {
    const paths = [
      await module('x.mjs', 'export async function same() {}'),
      await module('y.mjs', 'export async function same() {}'),
    ];
    await expect(loadModules(paths, folder)).rejects.toThrow(/y\.mjs: exports same, which .*x\.mjs exports too/);
  });
});
