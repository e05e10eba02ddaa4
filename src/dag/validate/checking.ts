import type { IssueList } from '../issue-list.js';
import type { DagLimits } from '../limits.js';
import type { DagSpec, TaskSpec } from '../spec.js';
import type { Suggest } from '../suggest.js';
import type { Faults } from './faults.js';

/** What every check of one spec is given. */
export interface Checking {
  readonly spec: DagSpec;
  readonly issues: IssueList;
  readonly limits: DagLimits;
  readonly ownQueues: readonly string[];
  readonly isTimeZone: (name: string) => boolean;
  readonly faults: Faults;
  /** Task ids in code-unit order, so that nothing depends on the order of keys. */
  readonly ids: readonly string[];
  readonly suggest: Suggest;
  /** What is wrong with each pattern seen so far; empty text = nothing. */
  readonly patterns: Map<string, string>;
  /** An inline SubDAG: its `defaults` are those of the DAG around it and were checked there. */
  readonly inline: boolean;
  /** Names of params are not known, since one expression gives them all. */
  readonly openParams: boolean;
}

/** `/tasks/<id>` as it stands in an object: own keys only, so that `constructor` is an id like any other. */
export function taskOf(spec: DagSpec, id: string): TaskSpec | undefined {
  return Object.hasOwn(spec.tasks, id) ? spec.tasks[id] : undefined;
}
