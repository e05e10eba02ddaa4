/** A condition of a visibility query; only the functions of this file make one, so that every value in it is escaped. */
export type Condition = string & { readonly __condition: unique symbol };

const condition = (text: string) => text as Condition;

/** A value as a literal: quoted, quotes and backslashes escaped; instants as RFC 3339. */
export function literal(value: string | Date): string {
  const text = value instanceof Date ? value.toISOString() : value;
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** `field op value`. Field names come from our code, never from a request. */
export function compare(field: string, op: '=' | '!=', value: string): Condition {
  return condition(`${field} ${op} ${literal(value)}`);
}

/** At that instant or later. */
export function since(field: string, instant: Date): Condition {
  return condition(`${field} >= ${literal(instant)}`);
}

/**
 * Earlier than that instant. There is no `=` or `<=` for instants: SQLite compares them as text, `05.000` with `05`, where only
 * `>=` and `<` come out right.
 */
export function before(field: string, instant: Date): Condition {
  return condition(`${field} < ${literal(instant)}`);
}

/** The value begins with that text. */
export function startsWith(field: string, text: string): Condition {
  return condition(`${field} STARTS_WITH ${literal(text)}`);
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
  return condition(
    conditions
      .filter((c) => c !== undefined)
      .map((c) => `(${c})`)
      .join(' AND '),
  );
}

/** At least one of two. */
export function anyOf(one: Condition, other: Condition): Condition {
  return condition(`(${one}) OR (${other})`);
}
