import { WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { TemporalPort } from '../../activities/system-calls.js';
import type { RunGateway } from './run-gateway.js';
import type { TemporalConnection } from './temporal-connection.js';

/** What activities may ask of Temporal: they get it by `createActivities(deps)` and never see a client. */
export function temporalPort(connection: TemporalConnection, runs: RunGateway): TemporalPort {
  const { client, namespace } = connection;
  return {
    // Asked by the run itself, which Temporal of course knows: only an earlier execution counts.
    runExists: (_runId, dagId, runKey) => runs.hasEnded(dagId, runKey),
    async countPollers(queue) {
      const { pollers } = await connection.call(() =>
        client.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: queue },
          taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        }),
      );
      return pollers?.length ?? 0;
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
