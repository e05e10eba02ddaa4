import { gzipSync } from 'node:zlib';
import type { Payload } from '@temporalio/common';
import { expect, test } from 'vitest';
import { GZIP_ENCODING, GZIP_THRESHOLD, GzipCodec } from '../../src/temporal/gzip-codec.js';

const codec = new GzipCodec();
const text = (bytes?: Uint8Array | null) => new TextDecoder().decode(bytes ?? undefined);
const payload = (data: string): Payload => ({
  metadata: { encoding: new TextEncoder().encode('json/plain') },
  data: new TextEncoder().encode(data),
});

test('a large payload is packed, marked, and comes back as it was', async () => {
  const original = payload(JSON.stringify(Array.from({ length: 2_000 }, (_, n) => ({ id: `task-${n}`, type: 'http' }))));
  const [packed] = await codec.encode([original]);
  expect(text(packed!.metadata!.encoding)).toBe(GZIP_ENCODING);
  expect(packed!.data!.length).toBeLessThan(original.data!.length / 5);
  const [unpacked] = await codec.decode([packed!]);
  expect(text(unpacked!.data)).toBe(text(original.data));
  expect(text(unpacked!.metadata!.encoding)).toBe('json/plain');
});

test('small payloads, and those that would not shrink, are left alone', async () => {
  const small = payload('x'.repeat(GZIP_THRESHOLD));
  const noise: Payload = { metadata: {}, data: Uint8Array.from({ length: 20_000 }, () => Math.floor(Math.random() * 256)) };
  expect(await codec.encode([small, noise])).toEqual([small, noise]);
});

test('what others made is passed on, and an empty list stays one', async () => {
  const foreign: Payload = {
    metadata: { encoding: new TextEncoder().encode('binary/encrypted') },
    data: Uint8Array.of(1, 2, 3),
  };
  expect(await codec.decode([foreign, payload('1'), {}])).toEqual([foreign, payload('1'), {}]);
  expect(await codec.encode([])).toEqual([]);
});

test('a bomb and damaged bytes end in a named error', async () => {
  const marked = (data: Uint8Array): Payload => ({ metadata: { encoding: new TextEncoder().encode(GZIP_ENCODING) }, data });
  await expect(codec.decode([marked(gzipSync(Buffer.alloc(65 * 1_048_576)))])).rejects.toThrow(
    /at most 67108864 bytes unpacked/,
  );
  await expect(codec.decode([marked(Uint8Array.of(1, 2, 3))])).rejects.toThrow(/cannot be read/);
});
