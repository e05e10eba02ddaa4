import type { Json } from '../json.js';
import type { MapShape } from './item-lists.js';

/** Built-ins of R10. */
export const MAP_BUILT_IN = { maxConcurrency: 16, maxMapLength: 1024 } as const;

/** A map may be allowed to have that many items at most. */
export const LONGEST_MAP = 100_000;

/** What makes a task a map, compiled. Absent fields have the default that their comment names. */
export interface MapPlan extends MapShape {
  /** `[key, list, map or template]` of `expand` or `zip`, in order of key. */
  readonly sources: readonly (readonly [key: string, source: Json])[];
  /** Template of an item's name. Default: its index. */
  readonly key?: string;
  /** More items are a failure. Default 1,024. */
  readonly maxLength?: number;
  /** Items at the same time; CEL source without `${{ }}` where it is text. Default 16. */
  readonly maxConcurrency?: number | string;
  /** Per cent of the items that may fail. */
  readonly toleratedPercentage?: number;
  /** Items that may fail. Both absent: none; both given: both must hold. */
  readonly toleratedCount?: number;
  /** Nothing more starts, and what runs is cancelled, once more items have failed than may. Default: the others still run. */
  readonly stop?: true;
  /** `item` is named in `with`. Default: only its index and name are sent. */
  readonly item?: true;
}

/** How many of `total` items may fail. */
export function toleratedFailures(plan: Pick<MapPlan, 'toleratedPercentage' | 'toleratedCount'>, total: number): number {
  const { toleratedPercentage, toleratedCount } = plan;
  if (toleratedPercentage === undefined) return toleratedCount ?? 0;
  // 0.57 % of 10,000 is 57, not the 56.99… that binary fractions make of it.
  const share = Math.floor((toleratedPercentage * total) / 100 + 1e-9);
  return Math.min(share, toleratedCount ?? total);
}
