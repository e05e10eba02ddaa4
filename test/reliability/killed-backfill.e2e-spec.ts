import { afterAll, beforeAll, describe, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { backfillThroughDeaths } from '../support/killed-backfill.js';

describe('a backfill of 60 intervals', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());

  it('runs each of them once, though worker, Temporal and service are killed in its middle', { timeout: 240_000 }, () =>
    backfillThroughDeaths(cluster, 'deaths', 60),
  );
});
