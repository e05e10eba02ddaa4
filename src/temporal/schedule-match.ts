import type { ScheduleDescription, ScheduleOptions } from '@temporalio/client';
import { canonicalJson } from '../dag/canonical-json.js';
import type { Json } from '../dag/json.js';

/** Whether a Schedule is, in all that decides what it does, what `options` would make. */
export function isAsWanted(there: ScheduleDescription, options: ScheduleOptions): boolean {
  return essence(there) === essence(options);
}

/** All that decides what a Schedule does, in one line: the same for what was asked for and for what the server says of it. */
function essence({ spec, policies, state, action }: ScheduleDescription | ScheduleOptions): string {
  const { workflowType, workflowId, taskQueue, args, staticSummary, retry, workflowExecutionTimeout, workflowRunTimeout } =
    action;
  const said = {
    calendars: spec.calendars?.map((calendar) => ({ year: [], ...calendar })) ?? [],
    intervals: spec.intervals?.map(({ every, offset }) => [every, offset ?? 0]) ?? [],
    skip: spec.skip ?? [],
    bounds: [spec.startAt ?? null, spec.endAt ?? null],
    jitter: spec.jitter ?? 0,
    timezone: spec.timezone ?? '',
    policies: [policies?.overlap, policies?.catchupWindow, policies?.pauseOnFailure ?? false],
    state: [state?.paused ?? false, state?.note, state?.remainingActions ?? null],
    action: [workflowType, workflowId, taskQueue, args, staticSummary],
    limits: [retry, workflowExecutionTimeout, workflowRunTimeout],
  };
  return canonicalJson(JSON.parse(JSON.stringify(said)) as Json);
}
