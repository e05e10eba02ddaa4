import { DURATION_PATTERN } from '../../src/dag/duration.js';
import type { Json } from '../../src/dag/json.js';
import { DagDto } from '../../src/spec/dto/dag.dto.js';
import { EXPRESSION_PATTERN } from '../../src/spec/field.js';
import { type FieldFacts, fieldsOf, type Shape } from '../../src/spec/field-facts.js';
import { specSchema } from '../../src/spec/spec-schema.js';
import { markdownTable } from './markdown-table.js';

type Schema = { readonly [keyword: string]: Json };

const schema = specSchema();
const definitions = schema.definitions as { readonly [name: string]: Schema };

/** The table of the fields of one shape: what may stand there, what holds without it, what it means. */
export function fieldTable(shape: Shape): string {
  const { properties } = (shape === DagDto ? schema : definitions[shape.name]) as { properties: { [name: string]: Schema } };
  const rows = [...fieldsOf(shape)].map(([name, facts]) => [
    `\`${name}\`${facts.required === true ? ' *' : ''}`,
    words(properties[name] as Schema),
    absent(facts),
    [facts.about, ...(facts.see === undefined ? [] : [`See [${facts.see}](${anchor(facts.see)}).`])].join(' '),
  ]);
  return markdownTable(['field', 'value', 'default', 'meaning'], rows);
}

/** As GitHub makes one of a heading. */
const anchor = (heading: string): string => `#${heading.toLowerCase().replaceAll(' ', '-')}`;

function absent({ default: value, unset }: FieldFacts): string {
  if (unset !== undefined) return unset;
  return value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** What may stand in a field, in words, from its JSON Schema. */
function words(schema: Schema): string {
  if (Array.isArray(schema.allOf)) return words(schema.allOf[0] as Schema);
  const any = schema.anyOf as readonly Schema[] | undefined;
  if (any !== undefined) return [...new Set(any.map(words))].join(' or ');
  if (typeof schema.$ref === 'string') return nameOf(schema.$ref);
  if (schema.enum !== undefined)
    return alternatives((schema.enum as Json[]).map((each) => (each === null ? 'null' : `\`${each}\``)));
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type ?? 'anything']) as string[];
  return types.length === 6 ? 'any value' : alternatives(types.map((type) => wordFor(type, schema)));
}

function wordFor(type: string, schema: Schema): string {
  const { items, additionalProperties: values } = schema;
  const { minimum, maximum } = schema;
  const range =
    minimum === undefined
      ? ''
      : maximum === undefined
        ? ` from ${String(minimum)}`
        : ` ${String(minimum)} to ${String(maximum)}`;
  switch (type) {
    case 'string':
      if (schema.pattern === DURATION_PATTERN) return 'duration';
      return schema.pattern === EXPRESSION_PATTERN ? 'one `${{ }}`' : 'text';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `whole number${range}`;
    case 'number':
      return `number${range}`;
    case 'array':
      return items === undefined ? 'list of any values' : `list of ${words(items as Schema)}`;
    case 'object':
      return typeof values === 'object' && values !== null ? `map of ${bracketed(words(values as Schema))}` : 'map';
    default:
      return type;
  }
}

function nameOf(ref: string): string {
  const name = ref.replace(/^.*\//, '');
  return name === 'JsonSchema' ? 'JSON Schema' : `{${name.replace(/Dto$/, '')}}`;
}

const bracketed = (text: string): string => (text.includes(' or ') ? `(${text})` : text);
const alternatives = (each: readonly string[]): string => each.join(', ').replace(/, (null)$/, ' or $1');
