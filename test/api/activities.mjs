/** Runs until somebody cancels it. */
export async function sleepUntilCancelled() {
  const { Context } = await import('@temporalio/activity');
  await Context.current().cancelled;
}
