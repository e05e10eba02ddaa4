import type { Json } from '../json.js';

/** How the lists of a map become items (R10). Absent: a cross product, every element an item of its own. */
export interface MapShape {
  /** Element i of every list together, instead of the cross product. */
  readonly zip?: true;
  /** Stands in for what a shorter list of a zip lacks; without it lists of different length are a failure. */
  readonly fill?: { readonly value: Json };
  /** Elements per item: `item` is then the list of them. */
  readonly batch?: number;
}

/** The lists of a map by key, in order of key: what `item` is made of. */
export type NamedLists = readonly (readonly [key: string, list: readonly Json[]])[];

/** The list that a value of `expand` or `zip` stands for: itself, or `{key, value}` of a map sorted by key; undefined for anything else. */
export function listOf(value: Json): readonly Json[] | undefined {
  if (Array.isArray(value)) return value as readonly Json[];
  if (typeof value !== 'object' || value === null) return undefined;
  const map = value as { readonly [key: string]: Json };
  return Object.keys(map)
    .sort()
    .map((key) => ({ key, value: map[key]! }));
}

/** How many elements lists of these lengths make; undefined for a zip of different lengths without a fill value. */
export function elementCount(shape: MapShape, lengths: readonly number[]): number | undefined {
  if (shape.zip !== true) return lengths.reduce((product, length) => product * length, 1);
  if (shape.fill === undefined && lengths.some((length) => length !== lengths[0])) return undefined;
  return Math.max(...lengths);
}

/** How many items that many elements make. */
export function itemCount(shape: MapShape, elements: number): number {
  return Math.ceil(elements / (shape.batch ?? 1));
}

/** The value of `item` at an index: an object of the keys, or a list of such objects where items are batches. O(keys x batch). */
export function itemAt(shape: MapShape, lists: NamedLists, index: number): Json {
  if (shape.batch === undefined) return elementAt(shape, lists, index);
  const elements = elementCount(
    shape,
    lists.map(([, list]) => list.length),
  )!;
  const from = index * shape.batch;
  return Array.from({ length: Math.min(shape.batch, elements - from) }, (_, i) => elementAt(shape, lists, from + i));
}

/** Cross product: keys in their order, the last one fastest. */
function elementAt(shape: MapShape, lists: NamedLists, index: number): Json {
  const element: { [key: string]: Json } = {};
  let rest = index;
  for (let k = lists.length - 1; k >= 0; k--) {
    const [key, list] = lists[k]!;
    let at = index;
    if (shape.zip !== true) {
      at = rest % list.length;
      rest = Math.floor(rest / list.length);
    }
    // A key may be `__proto__`.
    Object.defineProperty(element, key, {
      value: at < list.length ? list[at] : shape.fill!.value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return element;
}
