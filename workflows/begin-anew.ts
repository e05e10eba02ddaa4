import { makeContinueAsNewFunc, type Workflow, workflowInfo } from '@temporalio/workflow';

/**
 * Continue-as-new with the memo as it is now: by itself Temporal takes along only what the memo was when the workflow was first started,
 * not what `upsertMemo` has made of it (measured), and readers of this project live on the memo. Search attributes come along as they are.
 */
export function beginAnew<F extends Workflow>(...args: Parameters<F>): Promise<never> {
  return makeContinueAsNewFunc<F>({ memo: workflowInfo().memo })(...args);
}
