import { expressionSource } from '../expression/index.js';

/** The CEL source of a condition, without its braces; a literal stays one. */
export function conditionSource(when: string | boolean): string | boolean {
  return typeof when === 'boolean' ? when : (expressionSource(when) ?? when).trim();
}
