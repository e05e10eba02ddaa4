import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { SecretMask } from '../../activities/secret-mask.js';
import { TaskLog, type TaskLogOptions } from '../../activities/task-log.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { readLog } from '../../src/objects/log-reader.js';
import { ObjectStoreError } from '../../src/objects/object-store-error.js';

let objects: FolderStore;
const prefix = 'runs/d/d=k/1/';
const open = (options: Partial<TaskLogOptions> = {}): TaskLog =>
  new TaskLog({ objects, prefix, taskId: 't', attempt: 1, mask: new SecretMask(['hunter22']), ...options });
const read = async (): Promise<string> => (await readLog(objects, prefix, 't', 1)).text;
const keys = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const key of objects.list(`${prefix}logs/`)) found.push(key);
  return found;
};
beforeEach(async () => {
  objects = new FolderStore(await mkdtemp(join(tmpdir(), 'baton-log-')));
});

describe('the log of a task', () => {
  it('has a time and a source on every line, fields as JSON, secrets hidden', async () => {
    const log = open();
    log.info('one\ntwo hunter22\n', { n: 1, big: 5n, error: new Error('x') });
    log.write('stderr', 'three\r\nfour');
    await log.close();
    const lines = (await read()).split('\n');
    expect(lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ''))).toEqual([
      'info one',
      'info two ***',
      'info  {"n":1,"big":"5","error":"Error: x"}',
      'stderr three',
      'stderr four',
      '',
    ]);
  });

  it('is stored in chunks named by where they start', async () => {
    const log = open();
    for (let i = 0; i < 3000; i++) log.write('stdout', `line ${i} ${'x'.repeat(50)}`);
    await log.close();
    const found = await keys();
    expect(found.length).toBeGreaterThan(2);
    const text = await read();
    expect(text.split('\n')).toHaveLength(3001);
    expect((await readLog(objects, prefix, 't', 1, { offset: Number(found[1]?.split('/').at(-1)) })).text).toBe(
      text.slice(Number(found[1]?.split('/').at(-1))),
    );
  });

  it('is stored while the task runs, within about a second', async () => {
    const log = open();
    log.info('hello');
    for (const end = Date.now() + 5000; (await keys()).length === 0; ) {
      if (Date.now() > end) throw new Error('nothing was stored in 5 s');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await read()).toContain('info hello');
    await log.close();
  });

  it('stores nothing for a task that says nothing', async () => {
    await open().close();
    expect(await keys()).toEqual([]);
  });

  it('is cut at its bound, and says so; long lines are cut too', async () => {
    const log = open({ maxBytes: 2000 });
    for (let i = 0; i < 1000; i++) log.info('x'.repeat(100));
    await log.close();
    const text = await read();
    expect(text.length).toBeLessThan(2200);
    expect(text).toMatch(/log truncated: it is longer than 2000 bytes\n$/);
    const long = open({ taskId: 'long' });
    long.info('y'.repeat(100_000));
    await long.close();
    expect((await readLog(objects, prefix, 'long', 1)).text.length).toBeLessThan(20_000);
  });

  it('goes on behind an older log of the same attempt', async () => {
    for (const line of ['first', 'second', 'third']) {
      const log = open();
      log.info(line);
      await log.close();
    }
    expect((await read()).split('\n').map((line) => line.split(' ')[2])).toEqual(['first', 'second', 'third', undefined]);
  });

  it('that cannot be stored is dropped, never the task', async () => {
    const full = new (class extends FolderStore {
      override async put(key: string): Promise<void> {
        throw new ObjectStoreError('no_space', key, 'full');
      }
    })(objects.root);
    const log = open({ objects: full });
    log.info('lost');
    await log.close();
    expect(await keys()).toEqual([]);
  });
});
