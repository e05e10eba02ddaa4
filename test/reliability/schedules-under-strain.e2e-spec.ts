import { describe, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { contend } from '../support/contention.js';
import { outage } from '../support/schedule-outage.js';

/** Servers of its own for each test, and for each try of it. */
async function onCluster(test: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = await Cluster.start();
  try {
    await test(cluster);
  } finally {
    await cluster.stop();
  }
}

// Side by side: most of what they do is to wait.
describe.concurrent('schedules under strain', () => {
  it('runs that contend for places are three at a time, none lost, first come first served, whoever starts them', async () => {
    await onCluster((cluster) => contend(cluster, 'busy', 48));
  }, 240_000);

  it('without a service or a worker they do what their policies say, each time at most once, and show what has no run', async () => {
    await onCluster((cluster) => outage(cluster, 1, 12_000));
  }, 240_000);
});
