/** The JSON types that `type` names. */
export const SCHEMA_TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;
export type SchemaType = (typeof SCHEMA_TYPES)[number];

/** What a keyword's own value must look like. */
export type KeywordShape =
  | 'type'
  | 'any'
  | 'list'
  | 'schema'
  | 'schemas'
  | 'schemaMap'
  | 'patternMap'
  | 'names'
  | 'count'
  | 'number'
  | 'positive'
  | 'flag'
  | 'text'
  | 'pattern'
  | 'format'
  | 'ref';

/** Every keyword that is accepted. */
export const KEYWORDS: ReadonlyMap<string, KeywordShape> = new Map<string, KeywordShape>([
  ['type', 'type'],
  ['enum', 'list'],
  ['const', 'any'],
  ['properties', 'schemaMap'],
  ['required', 'names'],
  ['additionalProperties', 'schema'],
  ['patternProperties', 'patternMap'],
  ['minProperties', 'count'],
  ['maxProperties', 'count'],
  ['items', 'schema'],
  ['prefixItems', 'schemas'],
  ['minItems', 'count'],
  ['maxItems', 'count'],
  ['uniqueItems', 'flag'],
  ['minLength', 'count'],
  ['maxLength', 'count'],
  ['pattern', 'pattern'],
  ['format', 'format'],
  ['minimum', 'number'],
  ['maximum', 'number'],
  ['exclusiveMinimum', 'number'],
  ['exclusiveMaximum', 'number'],
  ['multipleOf', 'positive'],
  ['anyOf', 'schemas'],
  ['allOf', 'schemas'],
  ['oneOf', 'schemas'],
  ['not', 'schema'],
  ['$defs', 'schemaMap'],
  ['$ref', 'ref'],
  ['title', 'text'],
  ['description', 'text'],
  ['default', 'any'],
  ['examples', 'list'],
  ['deprecated', 'flag'],
  ['readOnly', 'flag'],
  ['writeOnly', 'flag'],
  ['$comment', 'text'],
  ['$schema', 'text'],
]);

/** Keywords of other drafts and dialects, and what to write here. */
export const FOREIGN_KEYWORDS: ReadonlyMap<string, string> = new Map([
  ['nullable', 'write type: [string, "null"] (or the type you have)'],
  ['definitions', 'write $defs'],
  ['additionalItems', 'write prefixItems with items'],
  ['optional', 'leave the name out of required'],
  ['values', 'write enum'],
  ['regex', 'write pattern'],
  ['min', 'write minimum, minLength or minItems'],
  ['max', 'write maximum, maxLength or maxItems'],
  ['if', 'write anyOf'],
  ['then', 'write anyOf'],
  ['else', 'write anyOf'],
  ['dependencies', 'write anyOf'],
  ['dependentRequired', 'write anyOf'],
  ['dependentSchemas', 'write anyOf'],
  ['unevaluatedProperties', 'write additionalProperties'],
  ['unevaluatedItems', 'write items'],
]);

/** The name in `#/$defs/<name>`, decoded; `undefined` for every other reference. */
export function definitionName(ref: string): string | undefined {
  const match = /^#\/\$defs\/([^/]+)$/.exec(ref);
  if (match === null) return undefined;
  return (match[1] as string).replaceAll('~1', '/').replaceAll('~0', '~');
}
