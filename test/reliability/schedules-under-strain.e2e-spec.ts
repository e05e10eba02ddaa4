import { afterAll, beforeAll, describe, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { contend } from '../support/contention.js';
import { outage } from '../support/schedule-outage.js';

// Side by side, each on servers of its own: most of what they do is to wait.
describe.concurrent('schedules under strain', () => {
  const clusters: Cluster[] = [];
  beforeAll(async () => {
    clusters.push(await Cluster.start(), await Cluster.start());
  });
  afterAll(async () => Promise.all(clusters.map((cluster) => cluster.stop())));

  it('runs that contend for places are three at a time, none lost, first come first served, whoever starts them', async () => {
    await contend(clusters[0]!, 'busy', 80);
  });

  it('without a service or a worker they do what their policies say, each time at most once, and show what has no run', async () => {
    await outage(clusters[1]!, 1, 12_000);
  });
});
