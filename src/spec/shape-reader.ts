import { type ValidationError, validateSync } from 'class-validator';
import { expressionSource } from '../dag/expression/index.js';
import type { IssueCode } from '../dag/issue.js';
import type { IssueList } from '../dag/issue-list.js';
import { pointer, pointerSegments } from '../dag/json-pointer.js';
import { Suggest } from '../dag/suggest.js';
import { DependencyDto } from './dto/dependency.dto.js';
import { HookDto, RetryHookDto } from './dto/hook.dto.js';
import { TaskDefaultsDto } from './dto/task-defaults.dto.js';
import { type FieldFacts, fieldsOf, type Shape } from './field-facts.js';
import { FOREIGN_NAMES } from './foreign-names.js';
import { LATER_FIELDS, NOT_IN_DEFAULTS } from './later-fields.js';

/** The well-shaped part of an object. */
export interface Shaped {
  /** Fields whose shape is right, without a prototype; nested objects are read, maps of objects are left to the caller. */
  readonly fields: { [name: string]: unknown };
  /** Fields that were there and are left out since they, or an element of them, are wrong or not supported. */
  readonly faulty: ReadonlySet<string>;
}

/**
 * Reads untrusted values into the shapes of the DTOs. Only known names ever reach class-validator, and values reach it by
 * assignment: `plainToInstance` would call whatever a hostile `constructor` key holds.
 */
export class ShapeReader {
  private readonly suggest = new Suggest();

  constructor(private readonly issues: IssueList) {}

  /** Undefined where the value is no map at all (an issue says so). `elsewhere` explains names that belong to another place. */
  read(
    shape: Shape,
    value: unknown,
    path: string,
    elsewhere: (name: string) => string | undefined = () => undefined,
  ): Shaped | undefined {
    if (!isMap(value)) {
      this.issues.error('wrong_type', path, `must be a map of fields, not ${describe(value)}`);
      return undefined;
    }
    const known = fieldsOf(shape);
    const faulty = new Set<string>();
    const fields: { [name: string]: unknown } = Object.create(null) as { [name: string]: unknown };
    const checked = new shape() as { [name: string]: unknown };
    const later = new Map<string, unknown>();
    for (const name of Object.keys(value)) {
      if (this.issues.isFull) break;
      const facts = known.get(name);
      const at = path + pointer(name);
      if (facts === undefined) {
        this.unknown(shape, name, at, elsewhere);
        faulty.add(name);
        continue;
      }
      const part = value[name];
      const outcome = this.before(facts, name, part, at);
      if (outcome === 'refused') faulty.add(name);
      else if (outcome === 'taken') later.set(name, part);
      else if (facts.nested !== undefined) {
        const nested = this.nested(facts.nested, part, at, () => faulty.add(name));
        if (nested === undefined) faulty.add(name);
        else later.set(name, nested);
      } else checked[name] = part;
    }
    for (const error of known.size === 0
      ? []
      : validateSync(checked, { skipMissingProperties: true, forbidUnknownValues: false })) {
      this.refused(error, path);
      faulty.add(error.property);
    }
    for (const [name, facts] of known) {
      if (later.has(name)) fields[name] = later.get(name);
      else if (Object.hasOwn(checked, name) && checked[name] !== undefined && !faulty.has(name)) {
        if (this.elements(facts, checked[name], path + pointer(name))) fields[name] = checked[name];
        else faulty.add(name);
      } else if (facts.required === true && !Object.hasOwn(value, name)) {
        this.issues.error('missing_field', path + pointer(name), `'${name}' is missing`);
        faulty.add(name);
      }
    }
    return { fields, faulty };
  }

  /** Null and expressions, which class-validator knows nothing about. */
  private before(facts: FieldFacts, name: string, part: unknown, at: string): 'refused' | 'taken' | 'check' {
    if (part === null) {
      if (facts.nullable === true) return 'taken';
      this.issues.error('wrong_type', at, `'${name}' is empty (null); give it a value or leave it out`);
      return 'refused';
    }
    if (typeof part !== 'string' || !part.includes('${{') || facts.prose === true) return 'check';
    if (facts.templated === true) return expressionSource(part) === undefined ? 'check' : 'taken';
    this.issues.error(
      'expression_not_allowed',
      at,
      `'${name}' is fixed when the DAG is stored; expressions stand in \`when\`, \`with\` and \`outputs\``,
    );
    return 'refused';
  }

  private nested(nested: NonNullable<FieldFacts['nested']>, part: unknown, at: string, onFault: () => void): unknown {
    if (nested.kind === 'object' || (nested.kind === 'some' && !Array.isArray(part)))
      return this.read(nested.shape(), part, at)?.fields;
    if (nested.kind === 'map') {
      if (isMap(part)) return part;
      const how = Array.isArray(part) ? '; write each entry under its name, as in name: { ... }' : '';
      this.issues.error('wrong_type', at, `must be a map, not ${describe(part)}${how}`);
      return undefined;
    }
    if (!Array.isArray(part)) {
      this.issues.error('wrong_type', at, `must be a list, not ${describe(part)}`);
      return undefined;
    }
    const list: unknown[] = [];
    for (const [index, element] of (part as unknown[]).entries()) {
      if (this.issues.isFull) break;
      if (typeof element === 'string' && nested.kind === 'mixed') {
        if (element.includes('${{')) {
          this.issues.error('expression_not_allowed', at + pointer(index), 'edges are fixed when the DAG is stored');
          onFault();
        } else list.push(element);
      } else if (!isMap(element)) {
        const wanted = nested.kind === 'mixed' ? 'a task id or {task, on}' : 'a map of fields';
        this.issues.error('wrong_type', at + pointer(index), `must be ${wanted}, not ${describe(element)}`);
        onFault();
      } else {
        const shaped = this.read(nested.shape(), element, at + pointer(index));
        if (shaped === undefined || shaped.faulty.size > 0) onFault();
        else list.push(shaped.fields);
      }
    }
    return list;
  }

  private elements(facts: FieldFacts, part: unknown, at: string): boolean {
    if (facts.element === undefined || typeof part !== 'object' || part === null) return true;
    const { accepts, what } = facts.element;
    let fine = true;
    for (const [key, element] of Object.entries(part)) {
      if (this.issues.isFull) return false;
      if (!accepts(element)) {
        this.issues.error(
          typeof element === 'number' ? 'invalid_value' : 'wrong_type',
          at + pointer(key),
          `must be ${what}, not ${describe(element)}`,
        );
        fine = false;
      } else if (typeof element === 'string' && element.includes('${{') && facts.templated !== true) {
        this.issues.error(
          'expression_not_allowed',
          at + pointer(key),
          'this is fixed when the DAG is stored; expressions stand in `when`, `with` and `outputs`',
        );
        fine = false;
      }
    }
    return fine;
  }

  private refused(error: ValidationError, path: string): void {
    const names = Object.keys(error.constraints ?? {});
    const codeOf = (name: string): IssueCode | undefined => (error.contexts?.[name] as { code?: IssueCode } | undefined)?.code;
    const wrongType = names.find((name) => codeOf(name) === 'wrong_type');
    const name = wrongType ?? names[0] ?? 'a value';
    const value: unknown = error.value;
    const shown =
      wrongType === undefined && typeof value === 'string'
        ? `'${value.slice(0, 60)}'${this.suggest.for(value, name.replace(/^one of /, '').split(', '))}`
        : describe(value);
    this.issues.error(
      codeOf(name) ?? 'wrong_type',
      path + pointer(error.property),
      `'${error.property}' must be ${name}, not ${shown}`,
    );
  }

  private unknown(shape: Shape, name: string, at: string, elsewhere: (name: string) => string | undefined): void {
    const later = LATER_FIELDS.get(shape) ?? [];
    const foreign = FOREIGN_NAMES.get(shape);
    const known = [...fieldsOf(shape).keys(), ...later];
    const camel = name.replace(/[_-]([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const other = elsewhere(name);
    const short = name.slice(0, 60);
    if (later.includes(name))
      this.issues.error(
        'not_yet_supported',
        at,
        `'${name}' is part of the language but not supported yet; leave it out for now`,
      );
    else if (shape === TaskDefaultsDto && NOT_IN_DEFAULTS.includes(name))
      this.issues.error('not_allowed_with', at, `'${name}' cannot be a default; write it in each task`);
    else if (shape === RetryHookDto && fieldsOf(HookDto).has(name))
      this.issues.error(
        'not_allowed_with',
        at,
        `'${name}' means nothing between attempts: such a hook is tried once, on the worker that had the attempt; leave it out`,
      );
    else if (shape === DependencyDto && /^(true|false|yes|no|on|off)$/i.test(name) && name !== 'on') {
      this.issues.error(
        'yaml_boolean_key',
        at,
        `the key '${name}': a YAML 1.1 tool has read \`on\` as true; write the spec as YAML 1.2, or put quotes around "on"`,
      );
    } else if (foreign !== undefined && Object.hasOwn(foreign, name))
      this.issues.error('foreign_name', at, `'${name}' is not a field here; write ${foreign[name] ?? ''}`);
    else if (camel !== name && known.includes(camel))
      this.issues.error('foreign_name', at, `'${name}' is not a field here; names are camelCase: '${camel}'`);
    else if (other !== undefined) this.issues.error('unknown_field', at, other);
    else if (known.length === 0) this.issues.error('unknown_field', at, `unknown field '${short}'; this takes no fields`);
    else {
      const few = known.length <= MAX_LISTED ? `; it has ${known.join(', ')}` : '; see the reference of fields';
      this.issues.error(
        'unknown_field',
        at,
        `unknown field '${short}'${this.suggest.for(name, known) || `${ownerOf(at)}${few}`}`,
      );
    }
  }
}

/** So many fields are listed in a message. */
const MAX_LISTED = 16;

/** ` of 'retry'`, ` of 'cases/0'`: what the field at that place belongs to. */
function ownerOf(at: string): string {
  const segments = pointerSegments(at).slice(0, -1);
  const last = segments.at(-1);
  if (last === undefined) return '';
  return ` of '${(/^\d+$/.test(last) ? segments.slice(-2).join('/') : last).slice(0, 60)}'`;
}

/** True for maps: not for null, lists and scalars. */
export function isMap(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value in words for messages: `the text 'x'`, `a list`, `nothing (null)`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing (null)';
  if (typeof value === 'string') return value.length > 40 ? 'a text' : `the text '${value}'`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : String(value);
}
