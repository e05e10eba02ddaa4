/**
 * The catalogue of task types: the one place that says how a type is carried out. A new type starts with a line here.
 */

/**
 * How the walk carries a type out: `walk` = inside the workflow, no history event; `activity` = a Temporal activity; `child` = a
 * run of its own; `wait` = the run waits for it. The last two take no place of `maxActiveTasks` (R13).
 */
export type CarriedOutBy = 'walk' | 'activity' | 'child' | 'wait';

export interface TaskTypeFacts {
  readonly carriedOutBy: CarriedOutBy;
  /** One sentence for documentation and `GET /task-types`. */
  readonly summary: string;
}

/** Types that exist today. */
export const TASK_TYPES = {
  noop: { carriedOutBy: 'walk', summary: 'Does nothing and succeeds; a place to hang dependencies on.' },
  transform: { carriedOutBy: 'walk', summary: 'Computes a value from expressions.' },
  branch: { carriedOutBy: 'walk', summary: 'Chooses which of its downstream tasks go on; the others are skipped.' },
  activity: { carriedOutBy: 'activity', summary: 'Calls a registered Temporal activity, in any language, on any task queue.' },
  http: { carriedOutBy: 'activity', summary: 'Makes an HTTP request.' },
  sql: { carriedOutBy: 'activity', summary: 'Runs SQL in an embedded DuckDB, or on PostgreSQL by the name of a connection.' },
  python: { carriedOutBy: 'activity', summary: 'Calls a Python function; off unless the administrator enables it.' },
  shell: { carriedOutBy: 'activity', summary: 'Runs a program; off unless the administrator enables it.' },
  wait: {
    carriedOutBy: 'wait',
    summary: 'Waits for a time, a file, an HTTP answer, an SQL condition or a run of another DAG.',
  },
  approval: { carriedOutBy: 'wait', summary: 'Waits until somebody approves or rejects over REST.' },
  trigger: { carriedOutBy: 'wait', summary: 'Starts a run of another DAG, and waits for its end or not.' },
  dag: { carriedOutBy: 'child', summary: 'Runs a SubDAG: another DAG by its id, or tasks written in place.' },
} as const satisfies Record<string, TaskTypeFacts>;
export type TaskType = keyof typeof TASK_TYPES;

/** Types the language names but that come with later work: refused with `not_yet_supported`, never ignored. */
export const LATER_TASK_TYPES = ['quality'] as const;
