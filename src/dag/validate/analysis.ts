import type { NamedGraph } from '../graph.js';
import type { JoinTree } from '../join.js';
import type { ValidDag } from '../spec.js';

/** What the expressions of one task name (see `NeedsPlan`). */
export interface Needs {
  readonly params: ReadonlySet<string>;
  readonly paramsWhole: boolean;
  readonly run: boolean;
  readonly tasks: ReadonlySet<string>;
  /** Those of `tasks` whose `items` are named. */
  readonly items: ReadonlySet<string>;
  /** `item` itself is named. */
  readonly item: boolean;
}

/** What `validate` found out about a DAG and `compile` would have to find out again. */
export interface Analysis {
  readonly graph: NamedGraph;
  /** Topological, ties by id. */
  readonly order: readonly string[];
  readonly needs: ReadonlyMap<string, Needs>;
  /** Inline SubDAGs by task id. */
  readonly inline: ReadonlyMap<string, ValidDag>;
  /** The setups of each teardown (R11). */
  readonly setups: ReadonlyMap<string, readonly string[]>;
  /** Expressions of joins (R6). */
  readonly joins: ReadonlyMap<string, JoinTree<string>>;
}

const analyses = new WeakMap<object, Analysis>();

/** Attaches its analysis to a DAG; `validate` only. */
export function keepAnalysis(dag: ValidDag, analysis: Analysis): ValidDag {
  analyses.set(dag, analysis);
  return dag;
}

/** The analysis of a DAG that `validate` returned. Throws for any other object, copies included: validate them. */
export function analysisOf(dag: ValidDag): Analysis {
  const analysis = analyses.get(dag);
  if (analysis === undefined)
    throw new TypeError(`DAG '${dag.id}' was not made by validate(): only the object that validate returned can be compiled`);
  return analysis;
}
