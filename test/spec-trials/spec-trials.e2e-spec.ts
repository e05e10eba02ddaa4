import { afterAll, beforeAll, describe } from 'vitest';
import { NO_POSTGRES, POSTGRES } from '../support/postgres-server.js';
import { NO_PYTHON, PYTHON } from '../support/python.js';
import { userAnalytics } from './a-user-analytics.js';
import { nightlyFiles } from './b-nightly-files.js';
import { fanOutIn } from './c-fan-out-in.js';
import { ordersElt } from './d-orders-elt.js';
import { nightlyLoad } from './e-nightly-load.js';
import { TRIALS } from './trial.js';
import { TrialWorld } from './trial-world.js';

if (POSTGRES === undefined) console.warn(NO_POSTGRES);
if (PYTHON === undefined) console.warn(NO_PYTHON);

const runnable = TRIALS && POSTGRES !== undefined && PYTHON !== undefined;

/** Pipelines that were written before there was anything to run them, as their authors would expect them to run. */
describe.skipIf(!runnable).concurrent('pipelines as users write them', () => {
  let world: TrialWorld;
  beforeAll(async () => {
    world = await TrialWorld.start();
  });
  afterAll(() => world?.stop());

  userAnalytics(() => world);
  nightlyFiles(() => world);
  fanOutIn(() => world);
  ordersElt(() => world);
  nightlyLoad(() => world);
});
