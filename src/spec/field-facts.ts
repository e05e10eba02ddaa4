import 'reflect-metadata';
import { getMetadataStorage } from 'class-validator';
import type { Json } from '../dag/json.js';

/** A DTO class. */
export type Shape = new () => object;

/** One object, a map of them by free names, a list of them, one or a list (`some`), a list of texts and objects (`mixed`). */
export type NestedKind = 'object' | 'map' | 'list' | 'some' | 'mixed';

/** What the reader of shapes must know of a field beyond what class-validator holds. */
export interface FieldFacts {
  required?: boolean;
  /** `null` is allowed: it restores the built-in (R21). */
  nullable?: boolean;
  /** A whole `${{ }}` may stand for the value, whatever its type. */
  templated?: boolean;
  /** Free text: `${{` in it is no expression and no mistake. */
  prose?: boolean;
  nested?: { readonly kind: NestedKind; readonly shape: () => Shape };
  /** For editors and documentation: what the field is. */
  about?: string;
  /** What holds where the field is absent, as it would be written. */
  default?: Json;
  /** What holds where the field is absent, in words. */
  unset?: string;
  /** Heading of docs/spec.md under which more is said. */
  see?: string;
  /** Of a list or map: what each element must be. */
  element?: { readonly accepts: (value: unknown) => boolean; readonly what: string };
}

const catalogue = new Map<object, Map<string, FieldFacts>>();

/** All fields of a DTO, inherited ones included, by name. */
export function fieldsOf(shape: Shape): ReadonlyMap<string, FieldFacts> {
  const own = cache.get(shape);
  if (own !== undefined) return own;
  const fields = new Map<string, FieldFacts>();
  for (const { propertyName } of getMetadataStorage().getTargetValidationMetadatas(shape, '', true, false))
    fields.set(propertyName, {});
  for (
    let proto: object | null = shape.prototype as object;
    proto !== null;
    proto = Object.getPrototypeOf(proto) as object | null
  ) {
    for (const [name, facts] of catalogue.get(proto) ?? []) fields.set(name, { ...facts, ...fields.get(name) });
  }
  cache.set(shape, fields);
  return fields;
}
const cache = new Map<Shape, Map<string, FieldFacts>>();

/** What is known of a field, to be added to: `target` is the prototype of its DTO. */
export function factsOf(target: object, name: string | symbol): FieldFacts {
  const fields = catalogue.get(target) ?? new Map<string, FieldFacts>();
  const entry = fields.get(String(name)) ?? {};
  catalogue.set(target, fields.set(String(name), entry));
  return entry;
}
