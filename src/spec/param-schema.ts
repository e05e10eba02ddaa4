import { FORMATS } from '../dag/schema/format.js';
import { KEYWORDS, type KeywordShape, SCHEMA_TYPES } from '../dag/schema/keyword.js';
import type { Schema } from './shape-schema.js';

/** Name of {@link paramSchema} among the definitions. */
export const PARAM_SCHEMA = 'JsonSchema';

const ANOTHER: Schema = { $ref: `#/definitions/${PARAM_SCHEMA}` };

const SHAPES: { readonly [shape in KeywordShape]: Schema } = {
  type: {
    anyOf: [
      { type: 'string', enum: [...SCHEMA_TYPES] },
      { type: 'array', items: { enum: [...SCHEMA_TYPES] } },
    ],
  },
  any: { type: ['string', 'number', 'boolean', 'object', 'array', 'null'] },
  list: { type: 'array' },
  schema: ANOTHER,
  schemas: { type: 'array', minItems: 1, items: ANOTHER },
  schemaMap: { type: 'object', additionalProperties: ANOTHER },
  patternMap: { type: 'object', additionalProperties: ANOTHER },
  names: { type: 'array', items: { type: 'string' } },
  count: { type: 'integer', minimum: 0 },
  number: { type: 'number' },
  positive: { type: 'number', exclusiveMinimum: 0 },
  flag: { type: 'boolean' },
  text: { type: 'string' },
  pattern: { type: 'string' },
  format: { type: 'string', enum: [...FORMATS.keys()] },
  ref: { type: 'string' },
};

const ABOUT: { readonly [keyword: string]: string } = {
  type: 'What kind of value.',
  enum: 'The only values.',
  const: 'The only value.',
  default: 'Of a param: the value where none is given. A param without it must be given.',
  description: 'For people.',
  pattern: 'A regular expression (RE2) that part of the text must match.',
  properties: 'Fields of the object, each with its schema.',
  required: 'Fields that must be there.',
  additionalProperties: '`false` refuses fields that `properties` does not name.',
  items: 'What each element must be.',
  prefixItems: 'What the first elements must be, one schema per place.',
  format: 'What the text must look like.',
  minimum: 'The least number.',
  maximum: 'The greatest number.',
  minLength: 'The least number of characters.',
  maxLength: 'The greatest number of characters.',
  minItems: 'The least number of elements.',
  maxItems: 'The greatest number of elements.',
  anyOf: 'At least one of these.',
  oneOf: 'Exactly one of these.',
  allOf: 'All of these.',
  not: 'What it must not be.',
  $ref: 'One of the schemas in `$defs`: `#/$defs/<name>`.',
};

/** JSON Schema (draft-07) of the JSON Schemas that specs hold, in `params` and `outputSchema`: the keywords that are understood. */
export function paramSchema(): Schema {
  const properties: Schema = {};
  for (const [keyword, shape] of KEYWORDS) {
    const about: Schema = ABOUT[keyword] === undefined ? {} : { description: ABOUT[keyword] };
    properties[keyword] =
      shape === 'schema' ? { ...about, type: ['object', 'boolean'], allOf: [ANOTHER] } : { ...about, ...SHAPES[shape] };
  }
  return { title: 'JSON Schema', type: ['object', 'boolean'], properties, additionalProperties: false };
}
