import { afterAll, beforeAll, describe, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { AWAY, refuseConnections } from '../support/temporal-away.js';

/** Tells an answer from none, on a machine that others share; how soon it comes is measured by the long suite. */
const AT_ALL_MS = 30_000;

describe('Temporal away', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());

  it('every call says 503, and all recovers by itself, a service that was started meanwhile too', async () => {
    const service = await cluster.service();
    await service.put(AWAY);
    await refuseConnections(cluster, service, (await service.run('away')).body.runId, AT_ALL_MS);
  });
});
