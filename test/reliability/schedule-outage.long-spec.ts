import { afterAll, beforeAll, describe, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { outage } from '../support/schedule-outage.js';

describe('schedules while neither a service nor a worker is there', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());

  it('do what their policies say, each time at most once, and show what has no run, after ten minutes', {
    timeout: 1_800_000,
  }, async () => {
    await outage(cluster, 10, 600_000);
  });
});
