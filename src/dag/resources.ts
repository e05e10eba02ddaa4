import { holdsExpression } from './expression/index.js';
import type { Json } from './json.js';
import { parseSize, SizeError } from './size.js';

/** What a task is given, by name: `cpu` in processors, `memory` and `storage` in bytes, anything else in its own unit. */
export type Resources = { readonly [name: string]: number };

/** As compiled, in order of name: an amount, or the template of one, which the walk evaluates once before the task is expanded (R14). */
export type ResourcesPlan = { readonly [name: string]: number | string };

/** Amounts of bytes, whose constants have a unit. */
export const SIZES: readonly string[] = ['memory', 'storage'];

/** What names of resources are made of. */
export const RESOURCE_NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;

/** The amount that a value means for a resource, or what is wrong with it. A number of a size is one of bytes. */
export function amountOf(name: string, value: Json): number | { readonly error: string } {
  const named = name === 'cpu' || SIZES.includes(name);
  const form =
    name === 'cpu'
      ? 'a number of processors, such as 2 or 0.5'
      : SIZES.includes(name)
        ? 'a size, such as 512MiB or 2GiB'
        : 'a number, or a size such as 512MiB';
  if (typeof value === 'string' && name !== 'cpu') {
    try {
      return amountOf(name, parseSize(value));
    } catch (error) {
      if (error instanceof SizeError) return { error: error.message };
      throw error;
    }
  }
  if (typeof value !== 'number') return { error: `must be ${form}, not ${JSON.stringify(value).slice(0, 60)}` };
  if (!Number.isFinite(value) || value > Number.MAX_SAFE_INTEGER || (named ? value <= 0 : value < 0))
    return { error: `must be ${form}${named ? ', more than 0' : ', at least 0'}, not ${value}` };
  return SIZES.includes(name) ? Math.ceil(value) : value;
}

/** Constants as amounts, what holds an expression as it is. Only for resources that validation has found right. */
export function compileResources(resources: { readonly [name: string]: number | string }): ResourcesPlan {
  return Object.fromEntries(
    Object.entries(resources)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [
        name,
        typeof value === 'string' && holdsExpression(value) ? value : (amountOf(name, value) as number),
      ]),
  );
}

/** The templates among compiled resources, by name; undefined where all are amounts. */
export function resourceTemplates(plan: ResourcesPlan): { readonly [name: string]: string } | undefined {
  const templates = Object.entries(plan).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return templates.length === 0 ? undefined : Object.fromEntries(templates);
}

/** Compiled resources with what their templates came to, or why one of them is no amount. */
export function resolveResources(
  plan: ResourcesPlan,
  rendered: { readonly [name: string]: Json },
): { readonly amounts: Resources } | { readonly error: string } {
  const amounts: { [name: string]: number } = {};
  for (const [name, value] of Object.entries(plan)) {
    const amount = typeof value === 'number' ? value : amountOf(name, rendered[name] ?? null);
    if (typeof amount !== 'number') return { error: `${name} ${amount.error}` };
    amounts[name] = amount;
  }
  return { amounts };
}
