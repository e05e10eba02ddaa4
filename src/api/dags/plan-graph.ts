import { type DagPlan, ON_COMPLETION, ON_FAILURE, ON_SKIPPED, ON_SUCCESS } from '../../dag/plan.js';
import type { EdgeCondition } from '../../dag/spec.js';
import type { GraphDto, GraphEdgeDto } from './dto/graph.dto.js';

const BITS: readonly (readonly [number, EdgeCondition])[] = [
  [ON_SUCCESS, 'success'],
  [ON_COMPLETION, 'completion'],
  [ON_FAILURE, 'failure'],
  [ON_SKIPPED, 'skipped'],
];

/** Conditions of an edge, from its bits. */
const edgeConditions = (bits: number): readonly EdgeCondition[] =>
  BITS.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);

/** The graph of a plan, whose tasks stand in topological order. O(tasks + edges). */
export function graphOf(plan: DagPlan): GraphDto {
  const layerOf: number[] = [];
  const longestUpstream: number[] = [];
  const edges: GraphEdgeDto[] = [];
  for (const task of plan.tasks) {
    let layer = 0;
    let via = -1;
    for (const edge of task.upstream ?? []) {
      const [from, on] = typeof edge === 'number' ? [edge, ON_SUCCESS] : edge;
      edges.push({ from: plan.tasks[from]!.id, to: task.id, on: edgeConditions(on) });
      if (layerOf[from]! + 1 > layer) [layer, via] = [layerOf[from]! + 1, from];
    }
    layerOf.push(layer);
    longestUpstream.push(via);
  }
  const layers: string[][] = [];
  for (const [index, layer] of layerOf.entries()) {
    layers[layer] ??= [];
    layers[layer].push(plan.tasks[index]!.id);
  }
  const critical = pathTo(layerOf.indexOf(layers.length - 1), longestUpstream);
  const onPath = new Set(critical);
  return {
    nodes: plan.tasks.map(({ id, type, rule, join, setup, teardown }, index) => ({
      id,
      type,
      layer: layerOf[index]!,
      ...(join === undefined && teardown === undefined ? { triggerRule: rule ?? ('all_success' as const) } : {}),
      ...(join === undefined ? {} : { join: 'minSuccess' in join ? ('quorum' as const) : ('expression' as const) }),
      ...(setup === undefined ? {} : { setup }),
      ...(teardown === undefined ? {} : { teardown: true as const }),
      critical: onPath.has(index),
    })),
    edges,
    layers,
    criticalPath: critical.map((index) => plan.tasks[index]!.id),
  };
}

function pathTo(end: number, upstream: readonly number[]): number[] {
  const path: number[] = [];
  for (let at = end; at >= 0; at = upstream[at]!) path.push(at);
  return path.reverse();
}
