/** A condition of a visibility query; only the functions of this file make one, so that every value in it is escaped. */
export type Condition = string & { readonly __condition: unique symbol };

const condition = (text: string) => text as Condition;

/**
 * A value as a literal: quoted, quotes and backslashes escaped; instants as RFC 3339, cut to the second, since SQLite compares
 * them as text and `05Z` would come after `05.5Z`.
 */
export function literal(value: string | Date): string {
  const text = value instanceof Date ? value.toISOString().replace(/\.\d+Z$/, 'Z') : value;
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** `field op value`. Field names come from our code, never from a request. */
export function compare(field: string, op: '=' | '!=' | '<' | '<=' | '>' | '>=', value: string | Date): Condition {
  return condition(`${field} ${op} ${literal(value)}`);
}

export function oneOf(field: string, values: readonly string[]): Condition {
  return condition(`${field} IN (${values.map(literal).join(', ')})`);
}

export function isNull(field: string): Condition {
  return condition(`${field} IS NULL`);
}

export function isNotNull(field: string): Condition {
  return condition(`${field} IS NOT NULL`);
}

/** All of them; absent ones are left out. */
export function allOf(...conditions: readonly (Condition | undefined)[]): Condition {
  return condition(conditions.filter((c) => c !== undefined).map((c) => `(${c})`).join(' AND '));
}
