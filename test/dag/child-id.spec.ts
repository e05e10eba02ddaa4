import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { childPrefix, childRunId, MAX_CHILD_ID, MAX_PARENT_ID, runKeyOf } from '../../src/dag/child-id.js';
import { textHash } from '../../src/dag/text-hash.js';
import { checkKey } from '../../src/objects/keys.js';
import { parseRunId } from '../../src/temporal/run-id.js';

describe('the hash of a text', () => {
  const texts = ['', 'a', 'abc', 'grüße 🎉', ...[55, 56, 63, 64, 65, 119, 120, 1000].map((n) => 'x'.repeat(n))];
  it.each(texts)('of %j is the beginning of its sha256', (text) => {
    expect(textHash(text)).toBe(createHash('sha256').update(text).digest('hex').slice(0, 32));
  });
});

describe('ids of children', () => {
  it('say which task, which item and which attempt', () => {
    expect(childRunId('etl@1', 'load', { attempt: 1 })).toBe('etl@1/load');
    expect(childRunId('etl@1/load', 'x', { item: 12, attempt: 3 })).toBe('etl@1/load/x[12]#3');
  });

  it('of a deep tree stay short, begin with the run, and differ', () => {
    const ids = new Set<string>();
    const dagId = 'd'.repeat(MAX_PARENT_ID - 129);
    let id = `${dagId}@${'k'.repeat(128)}`;
    const root = id;
    for (let depth = 0; depth < 30; depth++) {
      for (const item of [0, 1]) {
        const child = childRunId(id, 'a_rather_long_task_id', { item, attempt: 1 });
        expect(child.length).toBeLessThanOrEqual(MAX_CHILD_ID);
        expect(child.startsWith(`${root}/`)).toBe(true);
        expect(parseRunId(child)).toMatchObject({ dagId, root: { runId: root } });
        ids.add(child);
      }
      id = childRunId(id, 'a_rather_long_task_id', { item: 0, attempt: 1 });
    }
    expect(ids.size).toBe(60);
  });

  it('become keys of the object store below the run they belong to', () => {
    const root = 'etl-2024-01-31T06:00:00Z';
    const child = childRunId(root, 'load', { item: 3, attempt: 2 });
    const prefix = childPrefix('runs/etl/k/1/', root, child);
    expect(prefix).toBe('runs/etl/k/1/children/load@3=2/');
    checkKey(prefix.slice(0, -1));
    expect(runKeyOf(child)).toBe('etl-2024-01-31T060000Z+load@3=2');
  });

  it('have keys that differ where the ids do', () => {
    const ids = [
      'd@a',
      'd@a/b',
      'd@a/b/c',
      'd@a/b.c',
      'd@a/b[1]',
      'd@a/b[1]/c',
      'd@a/b[11]',
      'd@a/b#2',
      'd@a/b[1]#2',
      'd@a/b~2',
    ];
    expect(new Set(ids.map(runKeyOf)).size).toBe(ids.length);
  });

  it.each(['etl@1/', 'etl@1//a', 'etl@1/a[x]', 'etl@1/a#', 'etl@1/a~zz', 'etl/a', '/a', 'etl@1/a[1][2]'])(
    '%j is no run id',
    (id) => {
      expect(parseRunId(id)).toBeUndefined();
    },
  );
});
