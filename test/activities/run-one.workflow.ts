import {
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  CancelledFailure,
  proxyActivities,
} from '@temporalio/workflow';

/** Runs one activity and tells how it ended, with the first detail of its failure. */
export async function runOne(
  activity: string,
  call: unknown,
  options: ActivityOptions,
): Promise<{ returned?: unknown; failed?: unknown; cancelled?: unknown; other?: string }> {
  const activities = proxyActivities<{ [name: string]: (call: unknown) => Promise<unknown> }>(options);
  try {
    return { returned: await activities[activity]?.(call) };
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    if (cause instanceof ApplicationFailure) return { failed: cause.details?.[0] };
    if (cause instanceof CancelledFailure) return { cancelled: cause.details[0] };
    return { other: String(cause) };
  }
}
