import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsOptional, ValidateBy, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { DURATION_PATTERN, SIGNED_DURATION_PATTERN } from '../dag/duration.js';
import type { IssueCode } from '../dag/issue.js';
import type { Json } from '../dag/json.js';
import { type FieldFacts, factsOf, type NestedKind, type Shape } from './field-facts.js';

/** A value that is one whole expression, for a JSON Schema. */
export const EXPRESSION_PATTERN = '^\\s*\\$\\{\\{[\\s\\S]*\\}\\}\\s*$';

/** How a field may be absent, null or an expression. */
export interface FieldOptions {
  readonly required?: boolean;
  readonly nullable?: boolean;
  readonly templated?: boolean;
  readonly prose?: boolean;
  /** For editors and documentation: what the field is. */
  readonly about?: string;
  /** For editors and documentation: what holds where the field is absent, as it would be written. */
  readonly default?: Json;
  /** As `default`, in words, where it cannot be written: `unlimited`. */
  readonly unset?: string;
  /** For editors and documentation: the heading of docs/spec.md under which more is said. */
  readonly see?: string;
  /** Of one of a list of texts: what each means. */
  readonly means?: { readonly [value: string]: string };
}

/** What editors and documentation know of a field. */
function told({ about, default: value, unset, see }: FieldOptions): Partial<FieldFacts> {
  return { about, default: value, unset, see };
}

/** Of a field, as the library that makes the schemas takes it; what editors read besides is cast to it. */
export type JsonSchemaPart = Parameters<typeof JSONSchema>[0];

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
      factsOf(target, name),
      { required: options.required, nullable: options.nullable, templated: options.templated, prose: options.prose },
      told(options),
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

/** A text or a number: what people write as a version. */
export function TextOrNumber(options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { type: ['string', 'number'] } as unknown as JsonSchemaPart,
    'wrong_type',
    'a text or a number',
    (value) => ['string', 'number'].includes(typeof value),
  );
}

/** A duration (R24); its text is read later, a bare number is refused here with the fix. `signed`: a leading minus is allowed. */
export function Duration(options: FieldOptions & { readonly signed?: true } = {}): PropertyDecorator {
  const form =
    options.signed === true
      ? { pattern: SIGNED_DURATION_PATTERN, examples: ['-1d', '1h'] }
      : { pattern: DURATION_PATTERN, examples: ['90s', '5m', '1h30m', '2d'] };
  return both(
    field(
      options,
      { type: 'string', ...form },
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
      {
        type: 'string',
        enum: [...values],
        ...(options.means === undefined
          ? {}
          : { markdownEnumDescriptions: values.map((value) => options.means?.[value] ?? '') }),
      } as JsonSchemaPart,
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
    schema: { $ref: '#/definitions/JsonSchema' },
  },
  status: {
    accepts: (value: unknown) => typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599,
    what: 'an HTTP status from 100 to 599',
    schema: { type: 'integer', minimum: 100, maximum: 599 },
  },
  code: {
    accepts: (value: unknown) => typeof value === 'number' || typeof value === 'string',
    what: 'a code or a range of codes',
    schema: { type: ['integer', 'string'] },
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

/** One value of a kind, or a list of at least one. */
export function OneOrMore(
  element: ElementName,
  options: FieldOptions & { values?: readonly string[] } = {},
): PropertyDecorator {
  const { schema, ...check } = ELEMENTS[element];
  const one = options.values === undefined ? schema : { ...schema, enum: [...options.values] };
  return field(
    options,
    { anyOf: [one, { type: 'array', minItems: 1, items: one }] } as JsonSchemaPart,
    'wrong_type',
    `${check.what}, or a list of them`,
    (value) => (Array.isArray(value) ? value.length > 0 : check.accepts(value)),
    { element: check },
  );
}

/** A map whose values are all of one kind. */
export function MapOf(element: ElementName, options: FieldOptions = {}): PropertyDecorator {
  const { schema, ...check } = ELEMENTS[element];
  return field(options, { type: 'object', additionalProperties: schema } as JsonSchemaPart, 'wrong_type', 'a map', isObject, {
    element: check,
  });
}

/** Objects of another DTO. */
export function Nested(kind: NestedKind, shape: () => Shape, options: FieldOptions = {}): PropertyDecorator {
  return (target, name) => {
    const ref = (): string => `#/definitions/${shape().name}`;
    Object.assign(factsOf(target, name), told(options), {
      required: options.required,
      nullable: options.nullable,
      nested: { kind, shape },
    });
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
            : kind === 'some'
              ? { anyOf: [{ $ref: ref() }, { type: 'array', minItems: 1, items: { $ref: ref() } }], ...about }
              : { $ref: ref(), ...about },
    )(target, name as string);
  };
}
