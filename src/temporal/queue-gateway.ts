import proto from '@temporalio/proto';
import type { TemporalConnection } from './temporal-connection.js';

const { TaskQueueType } = proto.temporal.api.enums.v1;

/** Task queues, seen from outside. Every method throws TemporalUnavailableError (503). */
export class QueueGateway {
  constructor(private readonly temporal: TemporalConnection) {}

  /** Pollers for activities that Temporal has seen on a queue in the last minutes; 0 = nobody works on it. */
  async activityPollers(queue: string): Promise<number> {
    const { client, namespace } = this.temporal;
    const { pollers } = await this.temporal.call(() =>
      client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: queue },
        taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
      }),
    );
    return pollers?.length ?? 0;
  }
}
