import { expect, test } from 'vitest';
import { parseRunId } from '../../src/temporal/run-id.js';

test('a run id says its DAG and its key', () => {
  expect(parseRunId('sales-eu-2024-01-01T00:00:00Z')).toEqual({ dagId: 'sales-eu', runKey: 'sales-eu-2024-01-01T000000Z' });
  expect(parseRunId('sales@eu-2024')).toEqual({ dagId: 'sales', runKey: 'sales=eu-2024' });
  expect(parseRunId('a@b-2024-01-01T000000Z')).toEqual({ dagId: 'a', runKey: 'a=b-2024-01-01T000000Z' });
  expect(parseRunId('sales@eu/load/check[3]#2')).toEqual({
    dagId: 'sales',
    runKey: 'sales=eu+load+check@3=2',
    root: { runId: 'sales@eu', runKey: 'sales=eu' },
  });
});

test.each([
  '',
  'sales',
  'sales@',
  '@x',
  'a@b@c',
  'sales@a/',
  'sales@../../x',
  'sales@a/b/../c',
  '../etc@x',
  'sales-2024-01-01',
  '-2024-01-01T00:00:00Z',
  `${'a'.repeat(200)}@x`,
])('this is none: %j', (id) => {
  expect(parseRunId(id)).toBeUndefined();
});
