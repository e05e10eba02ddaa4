import 'reflect-metadata';
import { Type } from 'class-transformer';
import { getMetadataStorage, IsOptional, ValidateBy, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { IssueCode } from '../dag/issue.js';

/** A DTO class. */
export type Shape = new () => object;

/** What the reader of shapes must know of a field beyond what class-validator holds. */
export interface FieldFacts {
  required?: boolean;
  /** `null` is allowed: it restores the built-in (R21). */
  nullable?: boolean;
  /** A whole `${{ }}` may stand for the value, whatever its type. */
  templated?: boolean;
  /** Free text: `${{` in it is no expression and no mistake. */
  prose?: boolean;
  nested?: { readonly kind: 'object' | 'map' | 'list' | 'mixed'; readonly shape: () => Shape };
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

function facts(target: object, name: string | symbol): FieldFacts {
  const fields = catalogue.get(target) ?? new Map<string, FieldFacts>();
  const entry = fields.get(String(name)) ?? {};
  catalogue.set(target, fields.set(String(name), entry));
  return entry;
}

/** How a field may be absent, null or an expression. */
export interface FieldOptions {
  readonly required?: boolean;
  readonly nullable?: boolean;
  readonly templated?: boolean;
  readonly prose?: boolean;
  /** For the JSON Schema: what editors show. */
  readonly about?: string;
}

type JsonSchemaPart = Parameters<typeof JSONSchema>[0];

function field(
  options: FieldOptions,
  schema: JsonSchemaPart | undefined,
  code: IssueCode,
  what: string,
  accepts: (value: unknown) => boolean,
  extra: Partial<FieldFacts> = {},
): PropertyDecorator {
  return (target, name) => {
    Object.assign(
      facts(target, name),
      { required: options.required, nullable: options.nullable, templated: options.templated, prose: options.prose },
      extra,
    );
    if (options.required !== true) IsOptional()(target, name);
    ValidateBy(
      { name: what, validator: { validate: (value: unknown) => accepts(value), defaultMessage: () => `must be ${what}` } },
      { context: { code } },
    )(target, name as string);
    if (schema !== undefined)
      JSONSchema(options.about === undefined ? schema : { ...schema, description: options.about })(target, name as string);
  };
}

const both =
  (...decorators: PropertyDecorator[]): PropertyDecorator =>
  (target, name) => {
    for (const decorator of decorators) decorator(target, name);
  };

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text. */
export function Text(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: 'string' }, 'wrong_type', 'a text', (value) => typeof value === 'string');
}

/** A duration (R24); its text is read later, a bare number is refused here with the fix. */
export function Duration(options: FieldOptions = {}): PropertyDecorator {
  return both(
    field(
      options,
      { type: 'string', examples: ['90s', '5m', '1h30m', '2d'] },
      'bad_duration',
      'a duration with its unit, such as "90s" or "5m"',
      (value) => typeof value !== 'number',
    ),
    field(
      options,
      undefined,
      'wrong_type',
      'a duration such as "90s" or "5m"',
      (value) => typeof value === 'string' || typeof value === 'number',
    ),
  );
}

/** `true` or `false`. */
export function Flag(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: 'boolean' }, 'wrong_type', 'true or false', (value) => typeof value === 'boolean');
}

/** A whole number from `min` to `max`, both included. */
export function Whole(min: number, max: number, options: FieldOptions = {}): PropertyDecorator {
  return both(
    field(
      options,
      { type: 'integer', minimum: min, maximum: max },
      'invalid_value',
      `a whole number from ${min} to ${max}`,
      (value) => typeof value !== 'number' || (Number.isInteger(value) && value >= min && value <= max),
    ),
    field(options, undefined, 'wrong_type', 'a number', (value) => typeof value === 'number'),
  );
}

/** A number from `min` to `max`, both included. */
export function Decimal(min: number, max: number, options: FieldOptions = {}): PropertyDecorator {
  return both(
    field(
      options,
      { type: 'number', minimum: min, maximum: max },
      'invalid_value',
      `a number from ${min} to ${max}`,
      (value) => typeof value !== 'number' || (value >= min && value <= max),
    ),
    field(options, undefined, 'wrong_type', 'a number', (value) => typeof value === 'number'),
  );
}

/** One of a closed list of texts. */
export function OneOf(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  return both(
    field(
      options,
      { type: 'string', enum: [...values] },
      'invalid_value',
      `one of ${values.join(', ')}`,
      (value) => typeof value !== 'string' || values.includes(value),
    ),
    field(options, undefined, 'wrong_type', 'a text', (value) => typeof value === 'string'),
  );
}

/** Any JSON value; checked by meaning later. */
export function Anything(options: FieldOptions = {}, schema: JsonSchemaPart = {}): PropertyDecorator {
  return field(options, schema, 'wrong_type', 'a value', () => true);
}

/** A map with values of any kind. */
export function AnyMap(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: 'object' }, 'wrong_type', 'a map', isObject);
}

/** What the elements of a list or map may be. */
export const ELEMENTS = {
  text: { accepts: (value: unknown) => typeof value === 'string', what: 'a text', schema: { type: 'string' } },
  scalar: {
    accepts: (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value),
    what: 'a text, number, true or false',
    schema: { type: ['string', 'number', 'boolean'] },
  },
  map: { accepts: isObject, what: 'a map', schema: { type: 'object' } },
  schema: {
    accepts: (value: unknown) => isObject(value) || typeof value === 'boolean',
    what: 'a JSON Schema: a map, true or false',
    schema: { type: ['object', 'boolean'] },
  },
  status: {
    accepts: (value: unknown) => typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599,
    what: 'an HTTP status from 100 to 599',
    schema: { type: 'integer', minimum: 100, maximum: 599 },
  },
} as const;
type ElementName = keyof typeof ELEMENTS;

/** A list whose elements are all of one kind. */
export function ListOf(element: ElementName, options: FieldOptions & { min?: number } = {}): PropertyDecorator {
  const min = options.min ?? 0;
  const { schema, ...check } = ELEMENTS[element];
  return both(
    field(
      options,
      { type: 'array', items: schema, ...(min > 0 ? { minItems: min } : {}) } as JsonSchemaPart,
      'invalid_value',
      `a list of at least ${min}`,
      (value) => !Array.isArray(value) || value.length >= min,
    ),
    field(options, undefined, 'wrong_type', 'a list', (value) => Array.isArray(value), { element: check }),
  );
}

/** A map whose values are all of one kind. */
export function MapOf(element: ElementName, options: FieldOptions = {}): PropertyDecorator {
  const { schema, ...check } = ELEMENTS[element];
  return field(options, { type: 'object', additionalProperties: schema } as JsonSchemaPart, 'wrong_type', 'a map', isObject, {
    element: check,
  });
}

/** One object, a map of them by free names, a list of them, or (`mixed`) a list whose elements are texts or such objects. */
export function Nested(
  kind: 'object' | 'map' | 'list' | 'mixed',
  shape: () => Shape,
  options: FieldOptions = {},
): PropertyDecorator {
  return (target, name) => {
    const ref = (): string => `#/$defs/${shape().name}`;
    Object.assign(facts(target, name), { required: options.required, nullable: options.nullable, nested: { kind, shape } });
    if (options.required !== true) IsOptional()(target, name);
    ValidateNested({ each: kind !== 'object', context: { code: 'wrong_type' } })(target, name as string);
    Type(shape)(target, name as string);
    const about = options.about === undefined ? {} : { description: options.about };
    JSONSchema(() =>
      kind === 'map'
        ? { type: 'object', additionalProperties: { $ref: ref() }, ...about }
        : kind === 'mixed'
          ? { type: 'array', items: { anyOf: [{ type: 'string' }, { $ref: ref() }] }, ...about }
          : kind === 'list'
            ? { type: 'array', items: { $ref: ref() }, ...about }
            : { $ref: ref(), ...about },
    )(target, name as string);
  };
}
