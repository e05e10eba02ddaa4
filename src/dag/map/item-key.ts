import { type ParsedTemplate, renderTemplate, textOf } from '../expression/index.js';
import type { Scope } from '../scope.js';

/** Longer names are cut: they stand in lists and in the Web UI. In characters. */
const MAX_KEY = 250;

/** The name of an item, or why it has none: then the item fails. Values that are no text are written as in text (R16). */
export type ItemKey = { readonly key: string } | { readonly error: string };

/** Computes the name of an item by the template of `mapKey`. Never throws. */
export function itemKey(template: ParsedTemplate, scope: Scope, budget?: number): ItemKey {
  try {
    const key = textOf(renderTemplate(template, scope, budget === undefined ? {} : { budget }));
    return { key: key.length > MAX_KEY ? `${key.slice(0, MAX_KEY - 1)}…` : key };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
