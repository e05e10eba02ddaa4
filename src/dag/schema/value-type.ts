import type { Json } from '../json.js';
import type { SchemaType } from './keyword.js';

/** Whether a value is of a type, or of one of a list of types. */
export function matchesType(type: Json, value: Json): boolean {
  if (Array.isArray(type)) return type.some((one) => matchesType(one as Json, value));
  switch (type as SchemaType) {
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'string':
      return typeof value === 'string';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return false;
  }
}

const TYPE_TEXT: Readonly<Record<SchemaType, string>> = {
  null: 'null',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  string: 'text',
  array: 'a list',
  object: 'an object',
};

/** What `type` asks for, in words. */
export function typeText(type: Json): string {
  const types = Array.isArray(type) ? (type as readonly Json[]) : [type];
  return types.map((one) => TYPE_TEXT[one as SchemaType] ?? String(one)).join(' or ');
}

/** What a value is, in words; never the value itself. */
export function aType(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number with a fraction';
  return typeof value === 'object'
    ? 'an object'
    : typeof value === 'string'
      ? 'text'
      : typeof value === 'boolean'
        ? 'a boolean'
        : `a ${typeof value}`;
}
