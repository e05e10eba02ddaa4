import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, runPath, until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import type { ServiceProcess } from '../support/service-process.js';
import { SmallDisk } from '../support/small-disk.js';

/** Its output is too large to travel inline: it needs the object store. */
const LARGE = (id: string) => `id: ${id}
tasks:
  held: { type: activity, with: { name: gate, args: [${id}] } }
  large: { type: sql, dependsOn: [held], with: { query: "select repeat('x', 20000) as text" } }
`;

function expectStoreTrouble(answer: Answer, says: RegExp): void {
  expect([answer.status, answer.body.code]).toEqual([503, 'objects_unavailable']);
  expect(answer.body.detail).toMatch(says);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('an object store that cannot be written', () => {
  let cluster: Cluster;
  let service: ServiceProcess;
  let disk: SmallDisk | undefined;
  let objects: string;
  beforeAll(async () => {
    cluster = await Cluster.start();
    objects = join(cluster.home, 'small', 'objects');
    disk = SmallDisk.mount(join(cluster.home, 'small'));
    service = await cluster.service({ BATON_OBJECTS: objects });
  });
  afterAll(async () => {
    await service?.kill();
    disk?.unmount();
    await cluster?.stop();
  });

  /** What happens while it is away, and after it is back: nothing is lost, nothing wedged. */
  async function outage(id: string, begin: () => void, end: () => void, says: RegExp): Promise<void> {
    await service.put(LARGE(id));
    const { runId } = (await service.post(`/api/v1/dags/${id}/runs`)).body;
    await until(() => cluster.ledger.count(runId, 'held', 'begin') === 1);
    begin();
    try {
      expectStoreTrouble(await service.put(LARGE(`${id}-new`)), says);
      expectStoreTrouble(await service.post(`/api/v1/dags/${id}/runs`), says);
      cluster.ledger.open(id);
      await until(async () => (await cluster.temporal.attemptOf(runId, 'large')) === 2);
      expect((await service.get(runPath(runId))).body.state).toBe('running');
      expect(await service.answers('/health/live')).toBe(true);
    } finally {
      end();
    }
    expect((await service.put(LARGE(`${id}-new`))).status).toBe(201);
    const { body: run } = await service.ended(runId);
    expect(run).toMatchObject({ state: 'success', counts: { success: 2 } });
    expect((await service.get(`${runPath(runId)}/tasks/large/output`)).body.rows[0].text).toHaveLength(20_000);
    // It was nobody's fault: maxAttempts is one.
    const { attempts } = (await service.get(`${runPath(runId)}/tasks/large`)).body;
    expect(attempts).toMatchObject([
      { failure: { type: 'ObjectStoreError', message: expect.stringMatching(says) } },
      { attempt: 2 },
    ]);
    expect(cluster.ledger.count(runId, 'held', 'begin')).toBe(1);
    expect((await service.run(id)).body.state).toBe('success');
  }

  it('(its disk is full) says so, and goes on when there is space', async ({ skip }) => {
    if (disk === undefined) return skip('mounting a small disk is not allowed here');
    const full = disk;
    await outage(
      'full',
      () => full.fill(),
      () => full.free(),
      /no space left \(ENOSPC\)/,
    );
  });

  it('(its folder is no folder) says so, and goes on when it is back', async () => {
    const aside = `${objects}-aside`;
    await outage(
      'gone',
      () => {
        renameSync(objects, aside);
        writeFileSync(objects, '');
      },
      () => {
        rmSync(objects);
        renameSync(aside, objects);
      },
      /is not a folder/,
    );
  });
});
