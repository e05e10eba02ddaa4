import type { TemporalPort } from '../../activities/system-calls.js';

/** What activities get that have no business with Temporal in a test: there are no runs, no pollers, no DAGs. */
export const WITHOUT_TEMPORAL: TemporalPort = {
  runExists: async () => false,
  countPollers: async () => 0,
  lastAttempts: async () => new Map(),
  isOpen: async () => false,
  childEnd: async () => undefined,
  executionIsOpen: async () => false,
  applySchedule: async () => undefined,
  resolveScheduled: async ({ dagId }) => ({ skipped: 'deleted', message: `There is no DAG ${dagId}.` }),
  lookForRun: async () => ({ look: 'absent' }),
  triggerRun: async ({ dagId }) => ({ failure: { kind: 'dag_missing', message: `there is no DAG ${dagId}` } }),
  runEnd: async () => undefined,
  usualDurations: async () => ({}),
  cancelRun: async () => undefined,
  catchUp: async ({ to }) => ({ state: 'done', from: to }),
};
