import { afterAll, beforeAll, describe, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { contend } from '../support/contention.js';

describe('runs that contend for the places of their DAG', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());

  it('are three at a time, none lost, first come first served, over REST, by a schedule and a backfill at once, 2,000 of them', {
    timeout: 3_600_000,
  }, async () => {
    await contend(cluster, 'busy', 2_000);
  });
});
