import type proto from '@temporalio/proto';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { DagRunInput } from '../../workflows/contract.js';

type History = proto.temporal.api.history.v1.IHistory;

/** What a recorded `dagRun` was started with; undefined for other workflows. */
export function inputOf({ events }: History): DagRunInput | undefined {
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  const data = started?.input?.payloads?.[0]?.data;
  if (started?.workflowType?.name !== 'dagRun' || data === undefined || data === null) return undefined;
  return JSON.parse(Buffer.from(data).toString()) as DagRunInput;
}

/** The plan that a recorded run walked: from its input, or as its first local activity has read it. */
export function planIn(history: History): DagPlan | undefined {
  const input = inputOf(history);
  if (input === undefined || input.plan !== undefined) return input?.plan;
  for (const { markerRecordedEventAttributes: marker } of history.events ?? []) {
    const data = marker?.details?.['result']?.payloads?.[0]?.data;
    const value: unknown = data === undefined || data === null ? undefined : JSON.parse(Buffer.from(data).toString() || 'null');
    if (typeof value !== 'object' || value === null) continue;
    // A run of a schedule gets it with its first answer.
    const { plan = value } = (value as { input?: DagRunInput }).input ?? {};
    if ('tasks' in plan && 'maxActiveTasks' in plan) return plan as DagPlan;
  }
  return undefined;
}

/** Its tasks, those that stand in hooks too. */
export function tasksOf({ tasks, hooks = [] }: DagPlan): readonly TaskPlan[] {
  const ofTasks = tasks.flatMap((task) => Object.values(task.hooks ?? {}).flat());
  return [...tasks, ...hooks.map(({ task }) => task), ...ofTasks];
}
