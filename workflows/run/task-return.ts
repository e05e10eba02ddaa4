import type { TaskReturn } from '../../activities/task-call.js';
import type { TaskEnding } from './run-ledger.js';

/** What an activity of ours returned as the ending of its task: a success, or skipped by a rule of its `retry`. */
export function endingOfReturn({ output, attempts, skipped, cached, hooks }: TaskReturn): TaskEnding {
  const times = { attempts, hooks, startedAt: attempts[0]?.startedAt, endedAt: attempts.at(-1)?.endedAt };
  return skipped === true ? { state: 'skipped', ...times } : { state: 'success', output, cached, ...times };
}
