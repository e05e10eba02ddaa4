import { workflowInfo } from '@temporalio/workflow';
import type { LastAttempt } from '../../activities/system-calls.js';
import { atHand } from './dispatch.js';
import type { TaskEnding } from './task-ending.js';

/** Activities that one question is about. */
const ASKED_AT_ONCE = 500;

/**
 * Asks which attempt of an activity was the last, and who made it: workers of others do not say so with their result, as ours do, and
 * Temporal tells a workflow only how it ended (R20). What ends while one question is under way is asked about together.
 */
export class ForeignAttempts {
  private readonly waiting: { readonly id: string; readonly answer: (last: LastAttempt | undefined) => void }[] = [];
  private asking = false;

  /** `undefined` where no worker took it, or it cannot be found out. Never throws, and no cancellation reaches it. */
  lastOf(activityId: string): Promise<LastAttempt | undefined> {
    return new Promise((answer) => {
      this.waiting.push({ id: activityId, answer });
      if (!this.asking) void this.ask();
    });
  }

  private async ask(): Promise<void> {
    this.asking = true;
    while (this.waiting.length > 0) {
      const asked = this.waiting.splice(0, ASKED_AT_ONCE);
      const found = await this.found(asked.map(({ id }) => id));
      for (const [i, { answer }] of asked.entries()) answer(found[i] ?? undefined);
    }
    this.asking = false;
  }

  private async found(activityIds: readonly string[]): Promise<readonly (LastAttempt | null)[]> {
    const { workflowId, runId } = workflowInfo();
    const about = activityIds.length === 1 ? activityIds[0] : `${activityIds.length} activities`;
    try {
      return await atHand(`which attempt of ${about} was the last?`, (activities) =>
        activities.lastAttempts({ workflowId, runId, activityIds }),
      );
    } catch {
      return [];
    }
  }
}

/** Adds to the ending of an activity what is known of its last attempt, whose number is also how many there were. `before`: of earlier rounds. */
export function withLastAttempt(
  ending: TaskEnding,
  last: LastAttempt | undefined,
  before: number,
  endedAt: number,
): TaskEnding {
  if (last === undefined) return ending;
  const { failure } = ending;
  return { ...ending, attempts: [{ ...last, attempt: before + last.attempt, endedAt, failure }] };
}
