/**
 * The worker of the floor: a process of its own, like the service, with the worker settings that the service reads from the same
 * environment. Says `ready` on its standard output, stops on SIGTERM.
 */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { loadConfig } from '../../src/config/load-config.js';
import { DATA_CONVERTER } from '../../src/temporal/temporal-connection.js';
import { floorActivities } from './activities.js';
import { FLOOR_QUEUE } from './queue.js';

const { temporal, worker: settings } = loadConfig();
Runtime.install({ logger: new DefaultLogger('WARN') });
const connection = await NativeConnection.connect({ address: temporal.address });
const worker = await Worker.create({
  connection,
  namespace: temporal.namespace,
  taskQueue: FLOOR_QUEUE,
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  activities: floorActivities,
  dataConverter: DATA_CONVERTER,
  maxConcurrentActivityTaskExecutions: settings.activities,
  maxConcurrentWorkflowTaskExecutions: settings.workflows,
  maxConcurrentActivityTaskPolls: settings.pollers,
  maxConcurrentWorkflowTaskPolls: settings.pollers,
  maxCachedWorkflows: settings.cache,
});
const running = worker.run();
console.log('ready');
await running;
await connection.close();
