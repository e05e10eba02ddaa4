/**
 * The worker of the floor: a process of its own, like the service, with the worker settings that the service reads from the same
 * environment. Says `ready` on its standard output, stops on SIGTERM.
 */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { loadConfig } from '../../src/config/load-config.js';
import { shortenWorkflowStacks } from '../../src/temporal/temporal-runtime.js';
import { runWorkerOptions } from '../../src/temporal/worker-factory.js';
import { floorActivities } from './activities.js';
import { FLOOR_QUEUE } from './queue.js';

const { temporal, worker: config, taskQueue } = loadConfig();
// As the service does: both sides get the same machine.
shortenWorkflowStacks();
Runtime.install({ logger: new DefaultLogger('WARN') });
const target = { address: temporal.address!, namespace: temporal.namespace, identity: 'bench-floor' };
const connection = await NativeConnection.connect({ address: target.address });
const worker = await Worker.create({
  ...runWorkerOptions({ target, config, taskQueue, activities: floorActivities }),
  connection,
  taskQueue: FLOOR_QUEUE,
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
});
const running = worker.run();
console.log('ready');
await running;
await connection.close();
