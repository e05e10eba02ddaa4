import { targetConstructorToSchema } from 'class-validator-jsonschema';
import { DURATION_PATTERN } from '../dag/duration.js';
import type { Json } from '../dag/json.js';
import { EXPRESSION_PATTERN } from './field.js';
import { type FieldFacts, fieldsOf, type Shape } from './field-facts.js';
import { durationSnippets } from './snippets.js';

export type Schema = { [keyword: string]: Json };

const DURATION_MESSAGE = 'A duration has its units, the largest first: 90s, 5m, 1h30m, 2d or 250ms.';
const EXPRESSION_MESSAGE = 'Write one whole expression: "${{ ... }}".';
const TITLES: { readonly [type: string]: string } = { string: 'text', array: 'list', object: 'map', null: 'nothing' };
const ANY: Json = ['string', 'number', 'boolean', 'object', 'array', 'null'];

/** One whole expression, in place of a value of another type. */
const EXPRESSION: Schema = {
  type: 'string',
  pattern: EXPRESSION_PATTERN,
  patternErrorMessage: EXPRESSION_MESSAGE,
};

/** A text that is fixed when the DAG is stored. */
const FIXED: Schema = {
  pattern: '^(?![\\s\\S]*\\$\\{\\{)',
  patternErrorMessage: 'This is fixed when the DAG is stored; expressions stand in `when`, `with` and `outputs`.',
};

/** JSON Schema (draft-07) of one DTO, with references to the DTOs in it as `#/definitions/<name>`. */
export function shapeSchema(shape: Shape): Schema {
  const fields = fieldsOf(shape);
  const made = (fields.size === 0 ? {} : targetConstructorToSchema(shape, { refPointerPrefix: '#/definitions/' })) as {
    properties?: { [name: string]: Schema };
  };
  const properties: Schema = {};
  for (const [name, facts] of fields) properties[name] = property(made.properties?.[name] ?? {}, facts);
  const required = [...fields].filter(([, facts]) => facts.required === true).map(([name]) => name);
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}

/** What a field is, what holds without it and where more is said, as editors show it: in plain text and in Markdown. */
function explanation({ about, default: value, unset, see }: FieldFacts): Schema {
  if (about === undefined) return {};
  const written = unset ?? (typeof value === 'string' ? value : JSON.stringify(value));
  const absent = written === undefined ? [] : [[`Default: ${written}.`, `Default: ${unset ?? `\`${written}\``}.`]];
  const more = see === undefined ? [] : [[`More: docs/spec.md, ${see}.`, `More: docs/spec.md, *${see}*.`]];
  const parts = [[about, about], ...absent, ...more];
  return {
    description: parts.map(([plain]) => plain).join('\n'),
    ...(parts.length === 1 ? {} : { markdownDescription: parts.map(([, markdown]) => markdown).join('\n\n') }),
    ...(value === undefined ? {} : { default: value }),
  };
}

/** The library knows neither null nor expressions nor what a text may not hold, and leaves stray references on lists. */
function property(made: Schema, facts: FieldFacts): Schema {
  const { description: _, ...schema } = made;
  const about = explanation(facts);
  if (facts.nested !== undefined) {
    if (facts.nested.kind !== 'object') delete schema.$ref;
    else if (facts.nullable === true) return { ...about, type: ['object', 'null'], anyOf: [schema, { type: 'null' }] };
    // Beside a reference draft-07 reads nothing.
    else return { ...about, type: 'object', allOf: [schema] };
  } else if (typeof schema.$ref === 'string') delete schema.$ref;
  // A field without a type gets no colon from the editor.
  if (Object.keys(schema).length === 0) return { ...about, type: ANY };
  if (schema.pattern === DURATION_PATTERN) {
    delete schema.examples;
    Object.assign(schema, { patternErrorMessage: DURATION_MESSAGE, defaultSnippets: durationSnippets() });
  } else if (schema.pattern === EXPRESSION_PATTERN) schema.patternErrorMessage = EXPRESSION_MESSAGE;
  const whole = facts.templated === true ? templated(schema) : facts.prose === true ? schema : fixed(schema);
  return { ...about, ...(facts.nullable === true ? nullable(whole) : whole) };
}

function typesOf(schema: Schema): readonly Json[] {
  return Array.isArray(schema.type) ? schema.type : schema.type === undefined ? [] : [schema.type];
}

/** An expression may stand for the whole, and for each element of a list or map. */
function templated(schema: Schema): Schema {
  const whole = { ...schema };
  for (const part of ['items', 'additionalProperties'])
    if (isSchema(whole[part])) whole[part] = templated(whole[part] as Schema);
  if (takesAnyText(whole) || whole.pattern === EXPRESSION_PATTERN) return whole;
  if (Object.keys(whole).length === 0) return whole;
  const alternatives = alternativesOf(whole) ?? [whole];
  return anyOf(alternatives.some(takesAnyText) ? alternatives : [...alternatives, EXPRESSION]);
}

function takesAnyText(schema: Schema): boolean {
  return typesOf(schema).includes('string') && schema.enum === undefined && schema.pattern === undefined;
}

/** No expression in a text, nor in the elements of a list or map. */
function fixed(schema: Schema): Schema {
  const whole = { ...schema };
  for (const part of ['items', 'additionalProperties']) if (isSchema(whole[part])) whole[part] = fixed(whole[part] as Schema);
  const alternatives = alternativesOf(whole);
  if (alternatives !== undefined) return anyOf(alternatives.map(fixed));
  return whole.type === 'string' && whole.enum === undefined && whole.pattern === undefined ? { ...whole, ...FIXED } : whole;
}

function nullable(schema: Schema): Schema {
  const types = typesOf(schema);
  if (types.length === 0) return anyOf([...(alternativesOf(schema) ?? [schema]), { type: 'null' }]);
  return {
    ...schema,
    type: [...types, 'null'],
    ...(Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {}),
    ...(Array.isArray(schema.markdownEnumDescriptions)
      ? { markdownEnumDescriptions: [...schema.markdownEnumDescriptions, 'restores the built-in'] }
      : {}),
  };
}

function alternativesOf(schema: Schema): readonly Schema[] | undefined {
  return Object.keys(schema).length === 1 ? (schema.anyOf as Schema[] | undefined) : undefined;
}

/** Keywords that speak of values of every type. */
const OF_ALL_TYPES = ['enum', 'const', '$ref', 'allOf', 'anyOf', 'oneOf', 'not'];
/** Seeing this one, an editor begins a list. */
const OF_LISTS = 'items';

/**
 * Alternatives of different types as one schema where that says the same, since each keyword speaks of one type: editors
 * explain and complain about that better than about alternatives.
 */
function anyOf(alternatives: readonly Schema[]): Schema {
  const types = alternatives.flatMap(typesOf);
  const keywords = alternatives.flatMap((each) => Object.keys(each)).filter((keyword) => keyword !== 'type');
  const distinct = new Set(types).size === types.length && new Set(keywords).size === keywords.length;
  const typed =
    alternatives.every((each) => each.type !== undefined) &&
    !keywords.some((each) => OF_ALL_TYPES.includes(each) || each === OF_LISTS);
  if (distinct && typed) return { ...Object.assign({}, ...alternatives), type: types };
  // Alternatives without names of their own are all shown, as one chain.
  return {
    anyOf: alternatives.map((each, i) =>
      i === 0 || each.$ref !== undefined ? each : { title: TITLES[String(each.type)] ?? 'another value', ...each },
    ),
  };
}

function isSchema(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
