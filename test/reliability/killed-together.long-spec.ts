import { afterAll, beforeAll, describe, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { killedTogether } from '../support/killed-together.js';

describe('API, worker and Temporal killed together', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());

  it.each([
    ['temporal', 'worker', 'api'],
    ['api', 'worker', 'temporal'],
    ['worker', 'temporal', 'api'],
  ] as const)('in the order %s, %s, %s find every acknowledged DAG and run again, and end it', (...order) =>
    killedTogether(cluster, order),
  );
});
