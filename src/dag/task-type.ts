/**
 * The catalogue of task types: the one place that says how a type is carried out. A new type starts with a line here.
 */

/**
 * How the walk carries a type out: `walk` = inside the workflow, no history event; `activity` = a Temporal activity; `child` = a
 * run of its own, which takes no slot of its parent (R13).
 */
export type CarriedOutBy = 'walk' | 'activity' | 'child';

export interface TaskTypeFacts {
  readonly carriedOutBy: CarriedOutBy;
  /** One sentence for documentation and `GET /task-types`. */
  readonly summary: string;
}

/** Types that exist today. */
export const TASK_TYPES = {
  noop: { carriedOutBy: 'walk', summary: 'Does nothing and succeeds; a place to hang dependencies on.' },
  transform: { carriedOutBy: 'walk', summary: 'Computes a value from expressions, inside the walk.' },
  branch: { carriedOutBy: 'walk', summary: 'Chooses which of its downstream tasks go on; the others are skipped.' },
  activity: { carriedOutBy: 'activity', summary: 'Calls a registered Temporal activity, in any language, on any task queue.' },
  http: { carriedOutBy: 'activity', summary: 'Makes an HTTP request.' },
  sql: { carriedOutBy: 'activity', summary: 'Runs SQL in an embedded DuckDB.' },
  shell: { carriedOutBy: 'activity', summary: 'Runs a program; off unless the administrator enables it.' },
  dag: { carriedOutBy: 'child', summary: 'Runs a SubDAG: another DAG by its id, or tasks written in place.' },
} as const satisfies Record<string, TaskTypeFacts>;
export type TaskType = keyof typeof TASK_TYPES;

/** Types the language names but that come with later work: refused with `not_yet_supported`, never ignored. */
export const LATER_TASK_TYPES = ['approval', 'python', 'quality', 'trigger', 'wait'] as const;
