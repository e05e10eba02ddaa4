import type { Json } from '../json.js';
import type { Failure } from '../state.js';
import { elementCount, itemCount, listOf, type NamedLists } from './item-lists.js';
import { MAP_BUILT_IN, type MapPlan } from './map-plan.js';

/** The items of a map, or why it has none. */
export type ExpandedMap = { readonly lists: NamedLists; readonly total: number } | { readonly failure: Failure };

/** Makes lists of the evaluated sources of a map, in the order of the plan, and counts its items (R10). Never throws. */
export function expandMap(taskId: string, map: MapPlan, values: readonly Json[]): ExpandedMap {
  const field = map.zip === true ? 'zip' : 'expand';
  const lists: (readonly [string, readonly Json[]])[] = [];
  for (const [i, [key]] of map.sources.entries()) {
    const value = values[i]!;
    const list = listOf(value);
    if (list === undefined) {
      const got = value === null ? 'null' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
      return failed('not_a_list', `${field}.${key} of task ${taskId} must be a list or a map, not ${got}`);
    }
    lists.push([key, list]);
  }
  const elements = elementCount(
    map,
    lists.map(([, list]) => list.length),
  );
  if (elements === undefined) {
    const lengths = lists.map(([key, list]) => `${key} has ${list.length}`).join(', ');
    return failed(
      'zip_lengths',
      `the lists of zip of task ${taskId} have different lengths: ${lengths}; give a \`zipFill\` for what the shorter ones lack`,
    );
  }
  const total = itemCount(map, elements);
  const most = map.maxLength ?? MAP_BUILT_IN.maxMapLength;
  if (total > most) {
    return failed(
      'map_too_long',
      `${total} items are more than maxMapLength of task ${taskId} allows (${most}); raise it, or make batches by itemBatchSize`,
    );
  }
  return { lists, total };
}

function failed(kind: 'not_a_list' | 'zip_lengths' | 'map_too_long', message: string): ExpandedMap {
  return { failure: { kind, message } };
}
