import { closestName } from '../closest-name.js';
import type { Json } from '../json.js';
import { pointerTo } from '../json-pointer.js';
import { compilePattern, MAX_PATTERN_SIZE, PatternError, patternSize } from '../pattern.js';
import { FORMATS } from './format.js';
import { definitionName, FOREIGN_KEYWORDS, KEYWORDS, type KeywordShape, SCHEMA_TYPES } from './keyword.js';
import { MAX_PROBLEMS, type SchemaProblem } from './schema-problem.js';

/** Levels of schemas inside schemas. */
const MAX_SCHEMA_DEPTH = 32;
/** Schemas in one schema. */
const MAX_SCHEMAS = 2_000;

/** Sizes of all patterns of one schema: bounds the time to compile them. */
const MAX_PATTERN_SIZES = 10_000;

type Schema = { readonly [keyword: string]: Json };

/**
 * What is wrong with a schema: keywords outside the subset (with the name that was probably meant), values of the wrong
 * shape, patterns that RE2 refuses, references that lead nowhere or round in a circle. Empty = it can be used. Never throws.
 */
export function checkSchema(schema: Json): readonly SchemaProblem[] {
  const checking = new SchemaChecking(schema);
  checking.schema(schema, '', 0);
  if (checking.problems.length === 0) checking.circles();
  return checking.problems.slice(0, MAX_PROBLEMS);
}

class SchemaChecking {
  readonly problems: SchemaProblem[] = [];
  private schemas = 0;
  private patternSizes = 0;
  private readonly definitions: Schema;

  constructor(root: Json) {
    const defs = isObject(root) && Object.hasOwn(root, '$defs') ? root.$defs : undefined;
    this.definitions = isObject(defs) ? defs : {};
  }

  schema(schema: Json, pointer: string, depth: number): void {
    if (typeof schema === 'boolean') return;
    if (!isObject(schema)) {
      this.problem(pointer, `a schema is an object, true or false, not ${aType(schema)}`);
      return;
    }
    if (depth > MAX_SCHEMA_DEPTH) {
      this.problem(pointer, `schemas nest deeper than ${MAX_SCHEMA_DEPTH}`);
      return;
    }
    if (++this.schemas > MAX_SCHEMAS) {
      if (this.schemas === MAX_SCHEMAS + 1) this.problem(pointer, `there are more than ${MAX_SCHEMAS} schemas in this one`);
      return;
    }
    for (const keyword of Object.keys(schema)) {
      if (this.problems.length >= MAX_PROBLEMS) return;
      const shape = KEYWORDS.get(keyword);
      const at = pointerTo(pointer, keyword);
      if (shape === undefined) this.unknown(keyword, at);
      else if (keyword === '$defs' && depth > 0) this.problem(at, '$defs stands at the top of the schema only');
      else this.value(shape, schema[keyword] as Json, at, depth);
    }
  }

  private value(shape: KeywordShape, value: Json, at: string, depth: number): void {
    switch (shape) {
      case 'any':
        return;
      case 'schema':
        if (Array.isArray(value) && at.endsWith('/items')) {
          this.problem(at, 'a list of schemas, one per position, is written prefixItems');
          return;
        }
        this.schema(value, at, depth + 1);
        return;
      case 'schemas':
        if (!Array.isArray(value) || value.length === 0) {
          this.problem(at, 'must be a list of at least one schema');
          return;
        }
        for (const [i, schema] of value.entries()) this.schema(schema as Json, pointerTo(at, i), depth + 1);
        return;
      case 'schemaMap':
      case 'patternMap':
        if (!isObject(value)) {
          this.problem(at, 'must be an object whose values are schemas');
          return;
        }
        for (const [name, schema] of Object.entries(value)) {
          if (this.problems.length >= MAX_PROBLEMS) return;
          if (shape === 'patternMap') this.pattern(name, pointerTo(at, name));
          this.schema(schema, pointerTo(at, name), depth + 1);
        }
        return;
      default:
        this.plainValue(shape, value, at);
        return;
    }
  }

  private plainValue(
    shape: Exclude<KeywordShape, 'any' | 'schema' | 'schemas' | 'schemaMap' | 'patternMap'>,
    value: Json,
    at: string,
  ): void {
    switch (shape) {
      case 'type':
        this.type(value, at);
        return;
      case 'list':
        if (!Array.isArray(value) || value.length === 0) this.problem(at, 'must be a list with at least one element');
        return;
      case 'names':
        if (typeof value === 'boolean') this.problem(at, 'is a list of names, and stands beside properties: required: [name]');
        else if (!Array.isArray(value) || value.some((name) => typeof name !== 'string'))
          this.problem(at, 'must be a list of names');
        return;
      case 'count':
        if (!Number.isSafeInteger(value) || (value as number) < 0) this.problem(at, 'must be a whole number, 0 or more');
        return;
      case 'number':
        if (typeof value === 'boolean') this.problem(at, 'is the limit itself, a number (not true beside minimum or maximum)');
        else if (typeof value !== 'number' || !Number.isFinite(value)) this.problem(at, 'must be a number');
        return;
      case 'positive':
        if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) this.problem(at, 'must be a number above 0');
        return;
      case 'flag':
        if (typeof value !== 'boolean') this.problem(at, 'must be true or false');
        return;
      case 'text':
        if (typeof value !== 'string') this.problem(at, 'must be text');
        return;
      case 'pattern':
        if (typeof value !== 'string') this.problem(at, 'must be text: a regular expression');
        else this.pattern(value, at);
        return;
      case 'format':
        if (typeof value !== 'string' || !FORMATS.has(value))
          this.problem(at, `must be one of ${[...FORMATS.keys()].join(', ')}; for others write a pattern`);
        return;
      case 'ref':
        this.reference(value, at);
        return;
      default:
        throw new Error(`unknown shape ${shape satisfies never}`);
    }
  }

  private type(value: Json, at: string): void {
    const types = Array.isArray(value) ? (value as readonly Json[]) : [value];
    if (types.length === 0) {
      this.problem(at, 'must name at least one type');
      return;
    }
    for (const type of types) {
      if (typeof type === 'string' && (SCHEMA_TYPES as readonly string[]).includes(type)) continue;
      const near =
        typeof type === 'string'
          ? (FOREIGN_TYPES.get(type) ?? closestName(type, SCHEMA_TYPES))
          : type === null
            ? '"null", in quotes'
            : undefined;
      this.problem(at, `must be one of ${SCHEMA_TYPES.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`);
      return;
    }
  }

  private pattern(source: string, at: string): void {
    this.patternSizes += Math.min(patternSize(source), MAX_PATTERN_SIZE);
    if (this.patternSizes > MAX_PATTERN_SIZES) {
      this.problem(at, 'the patterns of this schema are too large together: use fewer, or shorter repetitions');
      return;
    }
    try {
      compilePattern(source);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.problem(at, `is no regular expression that is accepted: ${error.message}`);
    }
  }

  private reference(value: Json, at: string): void {
    const name = typeof value === 'string' ? definitionName(value) : undefined;
    if (name === undefined) {
      this.problem(at, 'must be #/$defs/<name>: other references are not supported');
      return;
    }
    if (Object.hasOwn(this.definitions, name)) return;
    const near = closestName(name, Object.keys(this.definitions));
    this.problem(
      at,
      `there is no ${JSON.stringify(name)} in $defs${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`,
    );
  }

  /** Definitions that lead back to themselves without going into the value would be applied for ever. */
  circles(): void {
    const state = new Map<string, 'open' | 'done'>();
    const path: string[] = [];
    const visit = (name: string): boolean => {
      if (state.get(name) === 'done') return true;
      if (state.get(name) === 'open' || path.length > MAX_SCHEMAS) return false;
      state.set(name, 'open');
      path.push(name);
      for (const next of appliedInPlace(this.definitions[name] as Json)) if (!visit(next)) return false;
      path.pop();
      state.set(name, 'done');
      return true;
    };
    for (const name of Object.keys(this.definitions)) {
      if (visit(name)) continue;
      this.problem(
        pointerTo('/$defs', name),
        `refers to itself without going deeper into the value: ${path.slice(0, 10).join(' -> ')} -> …`,
      );
      return;
    }
  }

  private unknown(keyword: string, at: string): void {
    const foreign = FOREIGN_KEYWORDS.get(keyword);
    const near = closestName(keyword, KEYWORDS.keys());
    const advice = foreign ?? (near === undefined ? 'see the list of keywords in the documentation' : `did you mean ${near}?`);
    this.problem(at, `the keyword ${JSON.stringify(keyword.slice(0, 64))} is not supported: ${advice}`);
  }

  private problem(pointer: string, message: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ pointer, message });
  }
}

const FOREIGN_TYPES: ReadonlyMap<string, string> = new Map([
  ['int', 'integer'],
  ['float', 'number'],
  ['double', 'number'],
  ['str', 'string'],
  ['text', 'string'],
  ['bool', 'boolean'],
  ['list', 'array'],
  ['map', 'object'],
  ['dict', 'object'],
  ['any', 'a schema without type'],
  ['date', 'string with format: date'],
  ['datetime', 'string with format: date-time'],
]);

/** Names of the definitions that a schema applies to the very value it is given. */
function appliedInPlace(schema: Json): readonly string[] {
  if (!isObject(schema)) return [];
  const names: string[] = [];
  if (typeof schema.$ref === 'string') names.push(definitionName(schema.$ref) as string);
  for (const keyword of ['anyOf', 'allOf', 'oneOf']) {
    if (Object.hasOwn(schema, keyword))
      for (const inner of schema[keyword] as readonly Json[]) names.push(...appliedInPlace(inner));
  }
  if (Object.hasOwn(schema, 'not')) names.push(...appliedInPlace(schema.not as Json));
  return names;
}

function isObject(value: Json | undefined): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function aType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
