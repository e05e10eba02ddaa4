/** Gives a number below `limit` back; waits to be cancelled with any other. */
export async function belowOrWait(n, limit) {
  return n < limit ? n : sleepUntilCancelled();
}

/** Runs until somebody cancels it. */
export async function sleepUntilCancelled() {
  const { Context } = await import('@temporalio/activity');
  await Context.current().cancelled;
}
