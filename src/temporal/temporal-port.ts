import { WorkflowNotFoundError } from '@temporalio/client';
import type { TemporalPort } from '../../activities/system-calls.js';
import type { ObjectStore } from '../objects/object-store.js';
import { catchUp } from './catch-up.js';
import type { DagGateway } from './dag-gateway.js';
import { lastAttempts } from './last-attempts.js';
import type { PoolGateway } from './pool-gateway.js';
import type { QueueGateway } from './queue-gateway.js';
import type { RunGateway } from './run-gateway.js';
import type { RunInputs } from './run-inputs.js';
import { lookForRun } from './run-look.js';
import type { ScheduleGateway } from './schedule-gateway.js';
import type { TemporalConnection } from './temporal-connection.js';
import { triggerRun } from './triggered-runs.js';
import { usualDurations } from './usual-durations.js';
import type { VersionStore } from './version-store.js';

/** What activities may ask of Temporal: they get it by `createActivities(deps)` and never see a client. */
export function temporalPort(
  connection: TemporalConnection,
  gateways: {
    readonly runs: RunGateway;
    readonly dags: DagGateway;
    readonly queues: QueueGateway;
    readonly schedules: ScheduleGateway;
    readonly versions: VersionStore;
    readonly pools: PoolGateway;
    readonly store: ObjectStore;
    readonly inputs: RunInputs;
  },
): TemporalPort {
  const { client } = connection;
  const { runs, queues, schedules } = gateways;
  return {
    // Asked by the run itself, which Temporal of course knows: only an earlier execution counts.
    runExists: (_runId, dagId, runKey) => runs.hasEnded(dagId, runKey),
    childEnd: (runId) => runs.childEnd(runId),
    executionIsOpen: (runId, execution) => runs.executionIsOpen(runId, execution),
    lastAttempts: ({ activityIds, ...execution }) => {
      const place = { namespace: connection.namespace, ...execution };
      return connection.call(() => lastAttempts(client.workflowService, place, activityIds));
    },
    countPollers: (queue) => queues.activityPollers(queue),
    applySchedule: (order) => schedules.apply(order),
    resolveScheduled: (start) => runs.scheduled.resolve(start),
    catchUp: (input) => catchUp(gateways, input),
    lookForRun: (input) => lookForRun(gateways, input),
    triggerRun: (input) => triggerRun(gateways, input),
    async runEnd(runId) {
      const standing = await runs.standing(runId);
      if (standing === undefined) return undefined;
      // It tells how it ended just before it closes, and whoever hears that may be here first: the attempt is made again.
      if (standing.open) throw new Error(`run ${runId} has told how it ended, and is about to close`);
      return (await runs.get(runId))?.head;
    },
    usualDurations: (input) => usualDurations(runs, input),
    async cancelRun(runId, by) {
      await runs.cancel(runId, by);
    },
    async isOpen(runId) {
      try {
        return (await connection.call(() => client.workflow.getHandle(runId).describe())).status.name === 'RUNNING';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
  };
}
