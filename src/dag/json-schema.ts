/**
 * The subset of JSON Schema 2020-12 that specs use (`params`, `outputSchema`), interpreted: nothing is compiled or eval'ed,
 * patterns are RE2, and both functions end in bounded time on any input and never throw.
 *
 * Supported: `type enum const properties required additionalProperties patternProperties minProperties maxProperties items
 * prefixItems minItems maxItems uniqueItems minLength maxLength pattern format (date date-time uri email uuid) minimum maximum
 * exclusiveMinimum exclusiveMaximum multipleOf anyOf allOf oneOf not $defs $ref (to #/$defs/…)`; read and ignored: `title
 * description default examples deprecated readOnly writeOnly $comment $schema`.
 */
export { checkSchema } from './schema/check-schema.js';
export type { SchemaProblem } from './schema/schema-problem.js';
export { validateJson } from './schema/validate-json.js';
