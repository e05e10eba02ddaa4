import { Meter, parseTemplate, renderTemplate, textOf } from '../expression/index.js';
import type { Scope } from '../scope.js';

/** Longer names are cut: they stand in lists and in the Web UI. In characters. */
const MAX_KEY = 250;

/** Steps that the name of one item may take, wherever it is computed. */
const KEY_STEPS = 50_000;

/** The name of an item, or why it has none: then the item fails. Values that are no text are written as in text (R16). */
export type ItemKey = { readonly key: string } | { readonly error: string };

/** Names the items of a map. */
export interface ItemNames {
  /** Whether names come from the items themselves: else `item` may be null. */
  readonly needsItem: boolean;
  /** The name of the item that the scope is of. Never throws. `spent` hears how many steps that took. */
  of(scope: Scope, spent?: (steps: number) => void): ItemKey;
}

/** Reads the template of `mapKey`, which was checked when it was stored. Where it is none after all no item has a name. */
export function itemNames(template: string): ItemNames {
  try {
    const parsed = parseTemplate(template, { stored: true });
    return {
      needsItem: parsed.references.item,
      of: (scope, spent) => {
        const meter = new Meter(KEY_STEPS);
        try {
          const key = textOf(renderTemplate(parsed, scope, { meter }));
          return { key: key.length > MAX_KEY ? `${key.slice(0, MAX_KEY - 1)}…` : key };
        } catch (error) {
          return { error: messageOf(error) };
        } finally {
          spent?.(meter.used);
        }
      },
    };
  } catch (error) {
    return { needsItem: false, of: () => ({ error: messageOf(error) }) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
