import { afterAll, beforeAll, describe, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { backfillThroughDeaths } from '../support/killed-backfill.js';

describe('a backfill of 1,000 intervals', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());

  it('runs each of them once, though worker, Temporal and service are killed in its middle', () =>
    backfillThroughDeaths(cluster, 'deaths', 1_000));
});
