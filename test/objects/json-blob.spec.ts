import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeDayMarker } from '../../src/objects/day-marker.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { readJson, writeJson } from '../../src/objects/json-blob.js';
import { JsonBlobs } from '../../src/objects/json-blobs.js';
import { logKey } from '../../src/objects/keys.js';
import { loggedAttempts, readLog } from '../../src/objects/log-reader.js';
import { sha256 } from '../../src/objects/sha256.js';

let root: string;
let store: FolderStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'baton-json-'));
  store = new FolderStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('JSON blobs', () => {
  it('come back as they were, small ones plain and large ones packed, with size and hash of the JSON', async () => {
    const large = { list: Array.from({ length: 1000 }, (_, i) => ({ i, 'ü€': null })) };
    const ref = await writeJson(store, 'large.json', large);
    expect(ref).toEqual({
      ref: 'large.json',
      size: Buffer.byteLength(JSON.stringify(large)),
      sha256: sha256(JSON.stringify(large)),
    });
    expect((await store.get('large.json'))!.length).toBeLessThan(ref.size / 3);
    expect(await readJson(store, 'large.json')).toEqual(large);
    await writeJson(store, 'small.json', { a: 1 });
    expect(Buffer.from((await store.get('small.json'))!).toString()).toBe('{"a":1}');
    expect(await readJson(store, 'none.json')).toBeUndefined();
  });

  it('may be stored again, also where a compressor packed them otherwise, but never changed', async () => {
    const value = Array.from({ length: 1000 }, (_, i) => i);
    await store.put('k.json', gzipSync(JSON.stringify(value), { level: 1 }));
    await writeJson(store, 'k.json', value);
    await expect(writeJson(store, 'k.json', [...value, 1])).rejects.toMatchObject({ code: 'conflict' });
  });

  it('that are damaged are named', async () => {
    await store.put('bad.json', Buffer.from('{"a":'));
    await store.put('badgz.json', Buffer.from([0x1f, 0x8b, 1, 2]));
    for (const key of ['bad.json', 'badgz.json'])
      await expect(readJson(store, key)).rejects.toMatchObject({ code: 'corrupt', key });
  });

  it('are cached within a bound of bytes, the longest unused dropped first, and read once for many readers', async () => {
    let reads = 0;
    const counting = new (class extends FolderStore {
      override get(key: string) {
        reads++;
        return super.get(key);
      }
    })(root);
    const blobs = new JsonBlobs(counting, 250);
    for (const name of ['a', 'b', 'c']) await writeJson(store, name, name.repeat(98));
    await Promise.all([blobs.read('a'), blobs.read('a'), blobs.read('a')]);
    expect(reads).toBe(1);
    await blobs.read('b');
    await blobs.read('a');
    await blobs.read('c');
    expect(blobs.size).toBe(200);
    expect(await blobs.read('a')).toBe('a'.repeat(98));
    expect(reads).toBe(3);
    await blobs.read('b');
    expect(reads).toBe(4);
    await writeJson(store, 'huge', 'x'.repeat(300));
    await blobs.read('huge');
    expect(blobs.size).toBe(200);
  });

  it('that are missing are looked for again', async () => {
    const blobs = new JsonBlobs(store);
    expect(await blobs.read('later')).toBeUndefined();
    await writeJson(store, 'later', 1);
    expect(await blobs.read('later')).toBe(1);
  });
});

describe('a day marker', () => {
  it('names run and prefix under the UTC day of acceptance, and may be left twice', async () => {
    const run = {
      runId: 'd@k',
      prefix: 'runs/d/d=k/1/',
      dagId: 'd',
      runKey: 'd=k',
      execution: 1,
      acceptedAt: Date.UTC(2024, 1, 29, 23, 59),
    };
    const ref = await writeDayMarker(store, run);
    await writeDayMarker(store, run);
    expect(ref.ref).toBe('days/2024-02-29/d/d=k/1');
    expect(await readJson(store, ref.ref)).toEqual({ runId: 'd@k', prefix: 'runs/d/d=k/1/' });
  });
});

describe('the log reader', () => {
  it('reads on from any byte, over chunks, without what was read', async () => {
    const prefix = 'runs/d/k/1/';
    const chunks = ['first line\nsecond', ' line\n', 'third ü\n'];
    let offset = 0;
    for (const chunk of chunks) {
      await store.put(logKey(prefix, 't', 2, offset), Buffer.from(chunk));
      offset += Buffer.byteLength(chunk);
    }
    expect(await readLog(store, prefix, 't', 2)).toEqual({ text: chunks.join(''), nextOffset: offset });
    expect(await readLog(store, prefix, 't', 2, { offset: 11 })).toEqual({
      text: chunks.join('').slice(11),
      nextOffset: offset,
    });
    expect(await readLog(store, prefix, 't', 2, { offset })).toEqual({ text: '', nextOffset: offset });
    expect(await readLog(store, prefix, 't', 2, { limit: 3 })).toEqual({ text: chunks[0], nextOffset: 17 });
    expect(await readLog(store, prefix, 't', 1)).toEqual({ text: '', nextOffset: 0 });
    expect(await loggedAttempts(store, prefix, 't')).toEqual([2]);
  });
});
