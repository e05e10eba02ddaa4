import { canonicalJson } from '../canonical-json.js';
import type { Json } from '../json.js';
import { pointerTo } from '../json-pointer.js';
import { compilePattern, type Pattern } from '../pattern.js';
import { FORMATS } from './format.js';
import { definitionName } from './keyword.js';
import { MAX_PROBLEMS, type SchemaProblem } from './schema-problem.js';
import { aType, matchesType, typeText } from './value-type.js';

/** Steps of one validation unless told otherwise: a second or two, with some 1,000,000 schemas applied. */
const DEFAULT_STEPS = 4_000_000;
/** Steps to apply one schema to one value. */
const SCHEMA_STEPS = 4;
/** Levels of the value. */
const MAX_VALUE_DEPTH = 200;
/** Characters of text that a pattern looks at. */
const MAX_PATTERN_TEXT = 1024 * 1024;

type Schema = { readonly [keyword: string]: Json };

/**
 * What is wrong with a value, by a schema that `checkSchema` accepts; empty = valid. Bounded in time and depth, and never
 * throws: a value too large to check within `budget` steps (default 4,000,000, a second or two; activities on large blobs
 * may give more) is a problem like any other. Messages name types and limits, never the value itself.
 */
export function validateJson(schema: Json, value: Json, options: { readonly budget?: number } = {}): readonly SchemaProblem[] {
  const validation = new Validation(schema, options.budget ?? DEFAULT_STEPS);
  try {
    return validation.problems(schema, value, '', 0);
  } catch (error) {
    if (error instanceof TooCostly) return [{ pointer: error.pointer, message: error.message }];
    return [{ pointer: '', message: `cannot be checked: ${error instanceof Error ? error.message : String(error)}` }];
  }
}

class TooCostly extends Error {
  constructor(
    readonly pointer: string,
    message: string,
  ) {
    super(message);
  }
}

class Validation {
  private readonly patterns = new Map<string, Pattern>();
  private readonly definitions: Schema;

  constructor(
    root: Json,
    private left: number,
  ) {
    this.definitions = isObject(root) && isObject(own(root, '$defs')) ? (root.$defs as Schema) : {};
  }

  problems(schema: Json, value: Json, pointer: string, depth: number): SchemaProblem[] {
    this.charge(SCHEMA_STEPS, pointer);
    if (depth > MAX_VALUE_DEPTH) throw new TooCostly(pointer, `nests deeper than ${MAX_VALUE_DEPTH} levels`);
    if (schema === true) return [];
    if (!isObject(schema)) return [{ pointer, message: 'is not allowed here' }];
    const found: SchemaProblem[] = [];
    const report = (message: string, at = pointer): void => {
      if (found.length < MAX_PROBLEMS) found.push({ pointer: at, message });
    };
    const add = (more: readonly SchemaProblem[]): void => {
      for (const problem of more) if (found.length < MAX_PROBLEMS) found.push(problem);
    };
    const type = own(schema, 'type');
    if (type !== undefined && !matchesType(type, value)) {
      // One message says it: limits of another type mean nothing here.
      report(`must be ${typeText(type)}, is ${aType(value)}`);
      return found;
    }
    this.values(schema, value, report, pointer);
    if (typeof value === 'number') numberProblems(schema, value, report);
    else if (typeof value === 'string') this.text(schema, value, report, pointer);
    else if (Array.isArray(value)) this.list(schema, value, pointer, depth, report, add);
    else if (isObject(value)) this.object(schema, value, pointer, depth, report, add);
    this.combined(schema, value, pointer, depth, report, add);
    return found;
  }

  private values(schema: Schema, value: Json, report: Report, pointer: string): void {
    const constant = own(schema, 'const');
    if (constant !== undefined && !this.equal(constant, value, pointer)) report(`must be ${shown(constant)}`);
    const choices = own(schema, 'enum');
    if (Array.isArray(choices) && !choices.some((choice) => this.equal(choice as Json, value, pointer))) {
      report(
        `must be one of ${choices
          .slice(0, 10)
          .map((choice) => shown(choice as Json))
          .join(', ')}${choices.length > 10 ? ', …' : ''}`,
      );
    }
  }

  private text(schema: Schema, value: string, report: Report, pointer: string): void {
    const [least, most] = [own(schema, 'minLength'), own(schema, 'maxLength')];
    if (typeof least === 'number' || typeof most === 'number') {
      this.charge(value.length / 64, pointer);
      const length = codePoints(value);
      if (typeof least === 'number' && length < least) report(`must have at least ${count(least, 'character')}, has ${length}`);
      if (typeof most === 'number' && length > most) report(`must have at most ${count(most, 'character')}, has ${length}`);
    }
    const pattern = own(schema, 'pattern');
    if (typeof pattern === 'string' && !this.matches(pattern, value, pointer)) report(`must match the pattern ${pattern}`);
    const format = own(schema, 'format');
    const rule = typeof format === 'string' ? FORMATS.get(format) : undefined;
    if (rule !== undefined && !rule.test(value)) report(`must be ${rule.what}`);
  }

  private list(schema: Schema, value: readonly Json[], pointer: string, depth: number, report: Report, add: Add): void {
    const [least, most] = [own(schema, 'minItems'), own(schema, 'maxItems')];
    if (typeof least === 'number' && value.length < least)
      report(`must have at least ${count(least, 'element')}, has ${value.length}`);
    if (typeof most === 'number' && value.length > most)
      report(`must have at most ${count(most, 'element')}, has ${value.length}`);
    if (own(schema, 'uniqueItems') === true) this.unique(value, pointer, report);
    const [prefix, items] = [own(schema, 'prefixItems'), own(schema, 'items')];
    const fixed = Array.isArray(prefix) ? prefix : [];
    value.forEach((element, i) => {
      const inner = i < fixed.length ? (fixed[i] as Json) : items;
      if (inner !== undefined) add(this.problems(inner, element, pointerTo(pointer, i), depth + 1));
    });
  }

  private unique(value: readonly Json[], pointer: string, report: Report): void {
    const seen = new Map<string, number>();
    for (const [i, element] of value.entries()) {
      const key = canonicalJson(element);
      this.charge(1 + key.length / 16, pointer);
      const first = seen.get(key);
      if (first !== undefined) {
        report(`elements ${first} and ${i} are equal; all must differ`);
        return;
      }
      seen.set(key, i);
    }
  }

  private object(schema: Schema, value: Schema, pointer: string, depth: number, report: Report, add: Add): void {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined);
    this.charge(keys.length, pointer);
    const [least, most, required] = [own(schema, 'minProperties'), own(schema, 'maxProperties'), own(schema, 'required')];
    if (typeof least === 'number' && keys.length < least)
      report(`must have at least ${count(least, 'key')}, has ${keys.length}`);
    if (typeof most === 'number' && keys.length > most) report(`must have at most ${count(most, 'key')}, has ${keys.length}`);
    if (Array.isArray(required)) {
      for (const name of required) if (own(value, String(name)) === undefined) report(`needs the key ${JSON.stringify(name)}`);
    }
    const properties = own(schema, 'properties');
    const patterns = own(schema, 'patternProperties');
    const others = own(schema, 'additionalProperties');
    for (const key of keys) {
      const at = pointerTo(pointer, key);
      const inner = isObject(properties) ? own(properties, key) : undefined;
      let named = inner !== undefined;
      if (inner !== undefined) add(this.problems(inner, value[key] as Json, at, depth + 1));
      if (isObject(patterns)) {
        for (const [pattern, schemaOfPattern] of Object.entries(patterns)) {
          if (!this.matches(pattern, key, at)) continue;
          named = true;
          add(this.problems(schemaOfPattern, value[key] as Json, at, depth + 1));
        }
      }
      if (named || others === undefined) continue;
      if (others === false) report(`has the unknown key ${JSON.stringify(key.slice(0, 64))}`, at);
      else add(this.problems(others, value[key] as Json, at, depth + 1));
    }
  }

  private combined(schema: Schema, value: Json, pointer: string, depth: number, report: Report, add: Add): void {
    const ref = own(schema, '$ref');
    if (typeof ref === 'string') {
      const target = own(this.definitions, definitionName(ref) ?? '');
      if (target === undefined) report(`cannot be checked: the schema refers to ${ref}, which does not exist`);
      else add(this.problems(target, value, pointer, depth));
    }
    const all = own(schema, 'allOf');
    if (Array.isArray(all)) for (const inner of all) add(this.problems(inner as Json, value, pointer, depth));
    const any = own(schema, 'anyOf');
    if (Array.isArray(any)) this.alternatives(any, value, pointer, depth, 'at least one', report, add);
    const one = own(schema, 'oneOf');
    if (Array.isArray(one)) this.alternatives(one, value, pointer, depth, 'exactly one', report, add);
    const not = own(schema, 'not');
    if (not !== undefined && this.problems(not, value, pointer, depth).length === 0)
      report('must not match the schema in "not"');
  }

  private alternatives(
    schemas: readonly Json[],
    value: Json,
    pointer: string,
    depth: number,
    need: 'at least one' | 'exactly one',
    report: Report,
    add: Add,
  ): void {
    const failures: SchemaProblem[][] = [];
    let matching = 0;
    for (const schema of schemas) {
      const found = this.problems(schema, value, pointer, depth);
      if (found.length > 0) failures.push(found);
      else if (++matching === 1 && need === 'at least one') return;
    }
    if (matching === 1) return;
    if (matching > 1) {
      report(`matches ${matching} of the ${schemas.length} alternatives; exactly one is allowed`);
      return;
    }
    if (schemas.length === 1) {
      add(failures[0] as SchemaProblem[]);
      return;
    }
    const reasons = failures
      .slice(0, 4)
      .map(([first]) =>
        (first as SchemaProblem).pointer === pointer
          ? (first as SchemaProblem).message
          : `${(first as SchemaProblem).pointer} ${(first as SchemaProblem).message}`,
      );
    report(`matches none of the ${schemas.length} alternatives: ${reasons.join('; or ')}`);
  }

  private matches(source: string, text: string, pointer: string): boolean {
    let pattern = this.patterns.get(source);
    if (pattern === undefined) {
      pattern = compilePattern(source);
      this.patterns.set(source, pattern);
    }
    if (text.length > MAX_PATTERN_TEXT)
      throw new TooCostly(pointer, `has more than ${MAX_PATTERN_TEXT} characters, too long to check against a pattern`);
    this.charge(pattern.steps(text.length), pointer);
    return pattern.test(text);
  }

  private equal(a: Json, b: Json, pointer: string): boolean {
    if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
    const [left, right] = [canonicalJson(a), canonicalJson(b)];
    this.charge((left.length + right.length) / 16, pointer);
    return left === right;
  }

  private charge(steps: number, pointer: string): void {
    this.left -= steps;
    if (this.left < 0) throw new TooCostly(pointer, 'is too large, or its schema too intricate, to be checked');
  }
}

type Report = (message: string, pointer?: string) => void;
type Add = (more: readonly SchemaProblem[]) => void;

function numberProblems(schema: Schema, value: number, report: Report): void {
  const limit = (keyword: string): number | undefined => {
    const found = own(schema, keyword);
    return typeof found === 'number' ? found : undefined;
  };
  const [least, most, above, below, step] = [
    limit('minimum'),
    limit('maximum'),
    limit('exclusiveMinimum'),
    limit('exclusiveMaximum'),
    limit('multipleOf'),
  ];
  if (least !== undefined && !(value >= least)) report(`must be ${least} or more`);
  if (most !== undefined && !(value <= most)) report(`must be ${most} or less`);
  if (above !== undefined && !(value > above)) report(`must be more than ${above}`);
  if (below !== undefined && !(value < below)) report(`must be less than ${below}`);
  if (step !== undefined && !isMultiple(value, step)) report(`must be a multiple of ${step}`);
}

/** With a tolerance of some units in the last place, so that 0.3 is a multiple of 0.1. */
function isMultiple(value: number, step: number): boolean {
  const quotient = value / step;
  return Number.isFinite(quotient) && Math.abs(quotient - Math.round(quotient)) <= Math.abs(quotient) * 4 * Number.EPSILON;
}

function own(object: Schema, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isObject(value: Json | undefined): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value of the schema (never of the data), short. */
function shown(value: Json): string {
  const text = canonicalJson(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function codePoints(text: string): number {
  let found = 0;
  for (const _ of text) found++;
  return found;
}
