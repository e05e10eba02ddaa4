import { activityInfo } from '@temporalio/activity';

/** Failed on purpose; a retry policy may try it again. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
}

/** Fails until the given attempt, then says which attempt it was: shows a retry policy at work. */
export async function succeedOnAttempt(wanted: number): Promise<{ readonly attempt: number }> {
  const { attempt } = activityInfo();
  if (attempt < wanted) throw new NotYet(`Attempt ${attempt} fails on purpose, ${wanted} will not.`);
  return { attempt };
}
