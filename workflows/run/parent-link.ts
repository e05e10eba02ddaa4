import { CancellationScope, sleep } from '@temporalio/workflow';
import type { SystemActivities } from '../../activities/system-calls.js';
import type { ChildEnd } from '../../src/dag/child-end.js';
import { CHILD_ENDED_SIGNAL, type ChildEnded, type ParentLink, type RunBudgets } from '../contract.js';
import { sendWord } from './send-word.js';

/** The last act of a child: tells its parent, by workflow id, how it ended. A parent that is gone needs no word. */
export async function tellParent(parent: ParentLink, end: ChildEnd): Promise<void> {
  const { workflowId, task, item, attempt, execution } = parent;
  await sendWord<ChildEnded>(workflowId, CHILD_ENDED_SIGNAL, { task, item, attempt, execution, ...end });
}

/**
 * Looks from time to time whether the parent of a run is still there, first after five minutes, and calls `gone` when it is
 * not: terminated from outside it could not cancel its children.
 */
export function watchParent(
  parent: ParentLink,
  { parentWatchMs, longestWatchMs }: RunBudgets,
  system: (summary: string) => Pick<SystemActivities, 'runIsOpen'>,
  gone: () => void,
): void {
  const { workflowId: runId, execution } = parent;
  const watch = async (): Promise<void> => {
    for (let pause = parentWatchMs; ; pause = Math.min(2 * pause, longestWatchMs)) {
      await sleep(pause, { summary: 'look whether the parent is still there' });
      if (!(await system(`is ${runId} still open?`).runIsOpen({ runId, execution }))) return gone();
    }
  };
  // A question that cannot be asked is no reason to stop.
  void CancellationScope.nonCancellable(watch).catch(() => undefined);
}
