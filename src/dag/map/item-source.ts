import type { Json } from '../json.js';
import type { OutputValue } from '../state.js';
import type { MapShape } from './item-lists.js';

/** The lists of a map as they travel, small ones inline, large ones by reference: every item is found in them by its index. */
export interface ItemSource extends MapShape {
  readonly lists: readonly (readonly [key: string, list: OutputValue])[];
}

/** An item as its task is told of it: its place, its name, and, where `with` names it, its value or where that is found. */
export interface CallItem {
  readonly index: number;
  readonly key: string;
  readonly value?: Json;
  readonly source?: ItemSource;
}

/** Which item of a map. */
export type ItemPlace = Pick<CallItem, 'index'>;

/** How an item of a task is called in activity ids, outputs and logs: `load[3]`. */
export function itemName(taskId: string, item: ItemPlace | undefined): string {
  return item === undefined ? taskId : `${taskId}[${item.index}]`;
}

/**
 * Temporal's id of the activity that does what {@link itemName} names: `load[3]`, and `load[3]#2` once it was sent back and is done
 * anew. Foreign workers make their keys for other systems of it.
 */
export function activityIdOf(name: string, rewinds = 0): string {
  return rewinds === 0 ? name : `${name}#${rewinds + 1}`;
}
