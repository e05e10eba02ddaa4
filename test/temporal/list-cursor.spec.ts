import { expect, test } from 'vitest';
import {
  BadCursorError,
  decodeDagCursor,
  decodeRunCursor,
  encodeDagCursor,
  encodeRunCursor,
} from '../../src/temporal/list-cursor.js';

test('cursors come back as they went, and are safe in an address', () => {
  const cursor = { startedAt: 1_767_225_600_123, runId: 'sales-2026-01-01T00:00:00Z' };
  expect(encodeRunCursor(cursor)).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(decodeRunCursor(encodeRunCursor(cursor))).toEqual(cursor);
  expect(decodeDagCursor(encodeDagCursor('sales'))).toBe('sales');
});

test.each([
  '',
  '%',
  'abc',
  'bnVsbA',
  Buffer.from('{}').toString('base64url'),
  Buffer.from('[1e999,"a"]').toString('base64url'),
  Buffer.from('[-1,"a"]').toString('base64url'),
  Buffer.from('[8.64e15,"a"]').toString('base64url'),
])('what we did not give out is refused: %j', (text) => {
  expect(() => decodeRunCursor(text)).toThrow(BadCursorError);
  expect(() => decodeDagCursor(text)).toThrow(BadCursorError);
});
