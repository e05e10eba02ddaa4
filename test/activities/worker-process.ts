// A worker in a process of its own, to be killed: `worker-process.ts <address> <task queue> <folder of objects>`.
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/create-activities.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { WITHOUT_TEMPORAL } from '../support/without-temporal.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const [address, taskQueue, root] = process.argv.slice(2) as [string, string, string];
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  identity: 'worker-to-kill',
  maxHeartbeatThrottleInterval: '500ms',
  activities: createActivities({
    objects: new FolderStore(root),
    temporal: { ...WITHOUT_TEMPORAL, executionIsOpen: async () => true },
    secrets: { read: async () => undefined },
    worker: 'worker-to-kill',
    userActivities: new Map([['work', () => new Promise(() => undefined)]]),
  }),
});
await worker.run();
