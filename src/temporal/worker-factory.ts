import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { SYSTEM_QUEUE } from '../../workflows/contract.js';
import type { WorkerConfig } from '../config/config.js';
import { DATA_CONVERTER, type TemporalAddress } from './temporal-connection.js';
import { shortenWorkflowStacks } from './temporal-runtime.js';
import { workflowBundle } from './workflow-bundle.js';

/** What workers are made of. */
export interface WorkerParts {
  readonly target: TemporalAddress;
  readonly config: WorkerConfig;
  /** Queue of runs: the only one besides `baton-system` that carries workflows. */
  readonly taskQueue: string;
  /** As `createActivities` makes them; every queue serves all. */
  readonly activities: object;
}

/** Of the system queue: few tasks that must not wait, whatever the queue of runs is tuned to. */
const SYSTEM = { activities: 20, workflows: 20, pollers: 5 } as const;
const SYSTEM_CACHE = 200;

/** Workers that share one connection. */
export interface WorkerSet {
  readonly connection: NativeConnection;
  readonly workers: readonly Worker[];
}

/** One worker per queue of this process. @throws when Temporal cannot be reached or refuses. */
export async function createWorkers(parts: WorkerParts): Promise<WorkerSet> {
  const { target, config } = parts;
  shortenWorkflowStacks();
  const bundle = await workflowBundle();
  const connection = await NativeConnection.connect({
    address: target.address,
    tls: target.tls,
    apiKey: target.apiKey,
    metadata: target.metadata,
  });
  try {
    const workers: Worker[] = [];
    for (const queue of config.queues) {
      const workflows = queue === SYSTEM_QUEUE || queue === parts.taskQueue ? { workflowBundle: bundle } : {};
      workers.push(
        await Worker.create({
          ...tuned(queue === SYSTEM_QUEUE ? { ...SYSTEM, cache: Math.min(SYSTEM_CACHE, config.cache) } : config),
          ...workflows,
          connection,
          taskQueue: queue,
          ...common(parts),
        }),
      );
    }
    return { connection, workers };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** The options of a worker of the run queue but connection, queue and workflows: the benchmark's own worker has the same ones. */
export const runWorkerOptions = (parts: WorkerParts): Partial<WorkerOptions> => ({ ...tuned(parts.config), ...common(parts) });

function common({ target, config, activities }: WorkerParts): Partial<WorkerOptions> {
  return {
    namespace: target.namespace,
    identity: target.identity,
    activities,
    dataConverter: DATA_CONVERTER,
    // A run of a killed worker goes to another one after that; the server itself notices only after 10 s.
    stickyQueueScheduleToStartTimeout: '1s',
    // A cancelled activity hears of it with its next heartbeat.
    maxHeartbeatThrottleInterval: '5s',
    defaultHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: config.shutdownGraceMs,
    shutdownForceTime: config.shutdownGraceMs + 5_000,
  };
}

function tuned(numbers: Pick<WorkerConfig, 'activities' | 'workflows' | 'pollers' | 'cache'>): Partial<WorkerOptions> {
  // Without a cache a run would be evicted in the middle of a local activity whenever another one is worked on.
  const workflows = numbers.cache === 0 ? 1 : numbers.workflows;
  return {
    maxConcurrentActivityTaskExecutions: numbers.activities,
    maxConcurrentWorkflowTaskExecutions: workflows,
    maxConcurrentActivityTaskPolls: Math.min(numbers.pollers, numbers.activities),
    maxConcurrentWorkflowTaskPolls: Math.min(numbers.pollers, workflows),
    maxCachedWorkflows: numbers.cache,
  };
}
