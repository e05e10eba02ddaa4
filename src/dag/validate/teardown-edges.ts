import { buildNamedGraph, type NamedGraph } from '../graph.js';
import { pointer } from '../json-pointer.js';
import { isTeardown, type TaskSpec } from '../spec.js';
import { type Checking, taskOf } from './checking.js';

/** What teardowns add to the graph (R11). */
export interface TeardownEdges {
  /** Edges that no `dependsOn` names: from setups, and from all that a teardown waits for besides what it names. */
  readonly edges: readonly [string, string][];
  /** The setups of each teardown. */
  readonly setups: ReadonlyMap<string, readonly string[]>;
}

/** Looking for what lies between may cost so many steps for each edge that is allowed: a second for the largest DAGs. */
const STEPS_PER_EDGE = 20;

/**
 * Which setups each teardown has, and what it waits for: with `dependsOn` for those, its setups and all between them, since a task
 * between may still run, or not even have begun, when what follows it is decided already (`one_success`, a failure beside it); without
 * for everything that comes after its setups (of the whole DAG for `teardown: true`), other teardowns only where all their setups are
 * among it. Undefined where that makes more than `limit` edges. Its cost is bounded by that limit too.
 */
export function teardownEdges(
  checking: Checking,
  explicit: readonly [string, string][],
  limit: number,
): TeardownEdges | undefined {
  const teardowns = checking.ids.filter((id) => isTeardown(taskOf(checking.spec, id)));
  const setups = new Map(teardowns.map((id) => [id, setupsOf(checking, id)]));
  const edges = [...setups].flatMap(([id, list]) => list.map((setup): [string, string] => [setup, id]));
  if (edges.length > limit) return undefined;
  if (teardowns.length === 0) return { edges, setups };
  const graph = buildNamedGraph(checking.ids, explicit);
  const named = new Set(teardowns.filter((id) => (taskOf(checking.spec, id)?.dependsOn ?? []).length > 0));
  const whole = new Set(teardowns.filter((id) => !named.has(id) && taskOf(checking.spec, id)?.teardown === true));
  let left = limit - edges.length;
  let steps = STEPS_PER_EDGE * limit;
  for (const id of teardowns) {
    if (named.has(id)) {
      const before = reach(graph, [id], 'upstream');
      const after = reach(graph, setups.get(id) ?? []);
      const between = [...before].filter((other) => other !== id && after.has(other));
      left -= between.length;
      steps -= before.size + after.size;
      if (left < 0 || steps < 0) return undefined;
      for (const other of between) edges.push([other, id]);
      continue;
    }
    const ofWhole = whole.has(id);
    const scope = ofWhole ? new Set(checking.ids) : reach(graph, setups.get(id) ?? []);
    const after = reach(graph, [id]);
    left -= scope.size + after.size;
    if (left < 0) return undefined;
    for (const other of scope) {
      if (other === id || after.has(other)) continue;
      const theirs = setups.get(other);
      const first = theirs === undefined || (ofWhole ? !whole.has(other) : theirs.every((setup) => scope.has(setup)));
      if (first) edges.push([other, id]);
    }
    if (ofWhole) continue;
    // Teardowns of what was set up inside: nothing leads to those but their setups.
    for (const [other, theirs] of setups) {
      const inside = theirs.length > 0 && theirs.every((setup) => scope.has(setup));
      if (inside && other !== id && !scope.has(other) && !after.has(other)) edges.push([other, id]);
    }
  }
  return { edges, setups };
}

/** All nodes after these (or before them), near and far, without themselves unless another of them leads there. */
function reach(
  { graph, names, indexOf }: NamedGraph,
  from: readonly string[],
  way: 'upstream' | 'downstream' = 'downstream',
): Set<string> {
  const [start, ends] =
    way === 'downstream' ? [graph.downstreamStart, graph.downstream] : [graph.upstreamStart, graph.upstream];
  const found = new Set<string>();
  const stack = from.map((name) => indexOf.get(name) as number);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (let at = start[node]!; at < start[node + 1]!; at++) {
      const next = ends[at]!;
      const name = names[next] as string;
      if (found.has(name)) continue;
      found.add(name);
      stack.push(next);
    }
  }
  return found;
}

function setupsOf(checking: Checking, id: string): string[] {
  const { spec, ids, issues, faults, suggest } = checking;
  const task = taskOf(spec, id) as TaskSpec;
  const isSetup = (other: string): boolean => taskOf(spec, other)?.setup === true;
  if (task.teardown === true) {
    const named = (task.dependsOn ?? []).map((entry) => (typeof entry === 'string' ? entry : entry.task));
    return (named.length > 0 ? [...new Set(named)] : ids).filter((other) => other !== id && isSetup(other));
  }
  const found: string[] = [];
  (task.teardown as readonly string[]).forEach((setup, index) => {
    const path = pointer('tasks', id, 'teardown', index);
    const shown = setup.slice(0, 60);
    if (setup === id) issues.error('dependency_on_itself', path, `'${shown}' cannot be its own setup`);
    else if (found.includes(setup)) issues.error('duplicate_dependency', path, `'${shown}' stands in teardown already`);
    else if (!Object.hasOwn(spec.tasks, setup)) {
      if (!faults.dag.has('tasks'))
        issues.error('unknown_dependency', path, `there is no task '${shown}'${suggest.for(setup, ids)}`);
    } else {
      found.push(setup);
      if (!isSetup(setup) && !faults.loose.has(setup))
        issues.error('invalid_value', path, `'${shown}' is no setup; write \`setup: true\` there, or take it out of the list`);
    }
  });
  return found;
}
