import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childPrefix, childRunId } from '../../src/dag/child-id.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { writeJson } from '../../src/objects/json-blob.js';
import { prefixOfRun, reportKey, runPrefix } from '../../src/objects/keys.js';
import { parseRunId } from '../../src/temporal/run-id.js';
import { RunReports } from '../../src/temporal/run-reports.js';
import type { TemporalConnection } from '../../src/temporal/temporal-connection.js';

const ROOT = { id: 'outer@k', key: 'outer=k', dagId: 'outer' };

it('reports of children are found by their id alone, the newest execution of the root that has one', async () => {
  const store = new FolderStore(await mkdtemp(join(tmpdir(), 'baton-reports-')));
  const reports = new RunReports(undefined as unknown as TemporalConnection, store);
  const childId = childRunId(childRunId(ROOT.id, 'sub', { attempt: 1 }), 'deeper', { item: 2, attempt: 3 });
  const prefixes = [1, 2].map((execution) =>
    prefixOfRun({ runId: childId, dagId: 'inner', execution, scope: { root: ROOT } as never }),
  );
  expect(prefixes[0]).toBe(childPrefix(runPrefix('outer', 'outer=k', 1), ROOT.id, childId));
  const { root, ...parts } = parseRunId(childId)!;
  const find = () => reports.lastOfChild(childId, { ...parts, root: root! });
  expect(await find()).toBeUndefined();
  await writeJson(store, reportKey(prefixes[0]!), { of: 'the first' });
  expect(await find()).toEqual({ of: 'the first' });
  // A second execution that kept this child, and a third, still open, that ran it again.
  await writeJson(store, reportKey(runPrefix('outer', 'outer=k', 1)), { of: 'the root' });
  expect(await find()).toEqual({ of: 'the first' });
  await writeJson(store, reportKey(prefixes[1]!), { of: 'the second' });
  expect(await find()).toEqual({ of: 'the second' });
});
