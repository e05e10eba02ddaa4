import { closestName } from '../closest-name.js';
import type { Json } from '../json.js';
import type { Scope } from '../scope.js';
import { ExpressionBudgetError, ExpressionError } from './expression-error.js';
import { FUNCTIONS } from './function-catalogue.js';
import { DEFAULT_BUDGET, Meter } from './meter.js';
import type { Node } from './node.js';
import { binary, negated } from './operators.js';
import type { ParsedExpression } from './parse-expression.js';
import { ROOTS } from './references.js';
import { aKind, checkResult, hasKey, isMap, type JsonMap, keysOf, setKey } from './value.js';

/** Options of an evaluation. */
export interface EvaluateOptions {
  /** Steps (nodes evaluated, elements touched, 16 characters of text each). Default 1,000,000, well under a second. */
  readonly budget?: number;
  /** Counts the steps instead: others may have taken some of them, or will. */
  readonly meter?: Meter;
}

/**
 * The value of an expression. Pure and deterministic; ends within its budget of steps whatever the expression and the
 * data. Throws {@link ExpressionError} for a missing key, a wrong kind, a spent budget, a result over 64 MiB.
 */
export function evaluateExpression(parsed: ParsedExpression, scope: Scope, options: EvaluateOptions = {}): Json {
  return evaluateMetered(parsed, scope, options.meter ?? new Meter(options.budget ?? DEFAULT_BUDGET));
}

/** {@link evaluateExpression} on a budget that is shared with other expressions. */
export function evaluateMetered(parsed: ParsedExpression, scope: Scope, meter: Meter): Json {
  try {
    return checkResult(new Evaluation(parsed.source, scope as JsonMap, meter).run(parsed.ast), meter);
  } catch (error) {
    if (error instanceof ExpressionError && !(error instanceof ExpressionBudgetError))
      throw new ExpressionError(`${error.explain?.() ?? error.message}${withoutOutput(parsed, scope)}`);
    // The limits make this unreachable in theory; a workflow must not depend on theory.
    if (error instanceof RangeError) throw new ExpressionError('the expression or its data is too large or too deep');
    throw error;
  }
}

/** Which outputs that the expression names are not there, and why: most often that is what is behind an error. */
function withoutOutput({ references }: ParsedExpression, { tasks = {} }: Scope): string {
  const named = references.tasks.filter(({ id, field }) => field === 'output' && Object.hasOwn(tasks, id));
  return named
    .filter(({ id }) => tasks[id]?.output === null && tasks[id].state !== 'success')
    .map(({ id }) => `; task ${id} has no output: it is ${tasks[id]?.state}`)
    .join('');
}

class Evaluation {
  private readonly locals: Json[] = [];

  constructor(
    private readonly source: string,
    private readonly scope: JsonMap,
    private readonly meter: Meter,
  ) {}

  run(node: Node): Json {
    this.meter.charge(1);
    switch (node.op) {
      case 'literal':
        return node.value;
      case 'root':
        return this.root(node.name);
      case 'local':
        return this.locals[node.slot] as Json;
      case 'field':
        return this.field(node.object, node.name);
      case 'index':
        return this.index(node.object, this.run(node.object), this.run(node.key));
      case 'list':
        return node.items.map((item) => this.run(item));
      case 'object':
        return this.object(node.entries);
      case 'conditional':
        return this.bool(node.test, 'the test of ? :') ? this.run(node.yes) : this.run(node.no);
      case 'or':
        return this.absorbing(node.left, node.right, true);
      case 'and':
        return this.absorbing(node.left, node.right, false);
      case 'not':
        return !this.bool(node.operand, '!');
      case 'negate':
        return negated(this.run(node.operand));
      case 'binary':
        return binary(node.operator, this.run(node.left), this.run(node.right), this.meter);
      case 'call': {
        const args = node.args.map((arg) => this.run(arg));
        // Present: parsing looked it up.
        return (FUNCTIONS.get(node.name) as { call(args: readonly Json[], meter: Meter): Json }).call(args, this.meter);
      }
      case 'has':
        return this.has(node.path);
      case 'loop':
        return this.loop(node);
      default:
        throw new Error(`unknown node ${JSON.stringify(node satisfies never)}`);
    }
  }

  private root(name: string): Json {
    if (hasKey(this.scope, name)) return this.scope[name] as Json;
    if ((ROOTS as readonly string[]).includes(name)) throw new ExpressionError(`${name} has no value here`);
    throw new ExpressionError(`there is no ${name}; an expression can name ${ROOTS.join(', ')}`);
  }

  private field(objectNode: Node, name: string): Json {
    const object = this.run(objectNode);
    if (isMap(object)) return this.member(objectNode, object, name);
    const what = this.textOf(objectNode);
    if (object === null)
      throw new ExpressionError(`${what} is null, so it has no ${name}; get(x, 'path', default) accepts that`);
    const advice = Array.isArray(object) ? `: take an element (${what}[0].${name}) or all (${what}.map(o, o.${name}))` : '';
    throw new ExpressionError(`${what} is ${aKind(object)} and has no ${name}${advice}`);
  }

  private index(node: Node, object: Json, key: Json): Json {
    if (Array.isArray(object)) {
      if (typeof key !== 'number' || !Number.isInteger(key))
        throw new ExpressionError(
          `${this.textOf(node)} is a list: its index is a whole number, not ${typeof key === 'number' ? key : aKind(key)}`,
        );
      if (key >= 0 && key < object.length) return object[key] as Json;
      throw new ExpressionError(
        `${this.textOf(node)} has ${object.length} elements; there is no element ${key} (the first is 0)`,
      );
    }
    if (isMap(object)) {
      if (typeof key === 'string') return this.member(node, object, key);
      throw new ExpressionError(`${this.textOf(node)} is an object: its keys are text, not ${aKind(key)}`);
    }
    throw new ExpressionError(
      `${this.textOf(node)} is ${aKind(object)} and has no elements${typeof object === 'string' ? '; substring(text, start, end) takes a part' : ''}`,
    );
  }

  private member(node: Node, object: JsonMap, key: string): Json {
    if (hasKey(object, key)) return object[key] as Json;
    throw new ExpressionError(`no key ${JSON.stringify(key.slice(0, 64))}`, () => missingKey(this.textOf(node), object, key));
  }

  private object(entries: readonly (readonly [Node, Node])[]): Json {
    const object: { [key: string]: Json } = {};
    for (const [keyNode, valueNode] of entries) {
      const key = this.run(keyNode);
      if (typeof key !== 'string')
        throw new ExpressionError(`${this.textOf(keyNode)} is ${aKind(key)}; keys of an object are text`);
      if (Object.hasOwn(object, key))
        throw new ExpressionError(`the object has the key ${JSON.stringify(key.slice(0, 64))} twice`);
      setKey(object, key, this.run(valueNode));
    }
    return object;
  }

  private bool(node: Node, what: string): boolean {
    const value = this.run(node);
    if (typeof value === 'boolean') return value;
    throw new ExpressionError(`${what} needs true or false; ${this.textOf(node)} is ${aKind(value)}`);
  }

  /** `||` (decisive: true) and `&&` (decisive: false): an error on one side gives way to a decisive other side, as in CEL. */
  private absorbing(left: Node, right: Node, decisive: boolean): boolean {
    let failure: ExpressionError | undefined;
    for (const side of [left, right]) {
      try {
        if (this.bool(side, decisive ? '||' : '&&') === decisive) return decisive;
      } catch (error) {
        const absorbed = this.absorbable(error);
        failure ??= absorbed;
      }
    }
    if (failure !== undefined) throw failure;
    return !decisive;
  }

  /** False when any step of the path is missing or null; what the path starts from must exist. */
  private has(path: Node): boolean {
    const steps: Node[] = [];
    let base = path;
    while (base.op === 'field' || base.op === 'index') {
      steps.unshift(base);
      base = base.object;
    }
    let value = this.run(base);
    for (const step of steps) {
      this.meter.charge(1);
      const key = step.op === 'field' ? step.name : step.op === 'index' ? this.run(step.key) : null;
      if (value === null) return false;
      if (isMap(value) && typeof key === 'string') {
        if (!hasKey(value, key)) return false;
        value = value[key] as Json;
      } else if (Array.isArray(value) && typeof key === 'number') {
        if (!(Number.isInteger(key) && key >= 0 && key < value.length)) return false;
        value = value[key] as Json;
      } else
        throw new ExpressionError(
          `has() cannot look for ${this.textOf(step)}: ${this.textOf((step as { object: Node }).object)} is ${aKind(value)}`,
        );
    }
    return true;
  }

  private loop(node: Node & { op: 'loop' }): Json {
    const source = this.run(node.list);
    if (!Array.isArray(source) && !isMap(source))
      throw new ExpressionError(
        `${node.macro}() runs over a list or the keys of an object; ${this.textOf(node.list)} is ${aKind(source)}`,
      );
    const elements: readonly Json[] = Array.isArray(source) ? source : keysOf(source as JsonMap, this.meter);
    if (node.macro === 'all' || node.macro === 'exists') return this.quantified(node, elements, node.macro === 'exists');
    const kept: Json[] = [];
    for (const element of elements) {
      this.meter.charge(1);
      this.locals[node.slot] = element;
      if (node.test !== undefined && !this.bool(node.test, `${node.macro}()`)) continue;
      kept.push(node.value === undefined ? element : this.run(node.value));
    }
    return node.macro === 'exists_one' ? kept.length === 1 : kept;
  }

  private quantified(node: Node & { op: 'loop' }, elements: readonly Json[], decisive: boolean): boolean {
    let failure: ExpressionError | undefined;
    for (const element of elements) {
      this.meter.charge(1);
      this.locals[node.slot] = element;
      try {
        if (this.bool(node.test as Node, `${node.macro}()`) === decisive) return decisive;
      } catch (error) {
        const absorbed = this.absorbable(error);
        failure ??= absorbed;
      }
    }
    if (failure !== undefined) throw failure;
    return !decisive;
  }

  /** The part of the source that a node is, short enough for a message. */
  private textOf(node: Node): string {
    const text = this.source.slice(node.start, node.end).replace(/\s+/g, ' ');
    return text.length > 80 ? `${text.slice(0, 77)}…` : text;
  }

  /** The error when it may give way to another side's answer; a spent budget and bugs never do. */
  private absorbable(error: unknown): ExpressionError {
    if (!(error instanceof ExpressionError) || error instanceof ExpressionBudgetError) throw error;
    // Making an error costs far more than a node, and a loop may make one per element.
    this.meter.charge(20);
    return error;
  }
}

function missingKey(what: string, object: JsonMap, key: string): string {
  const keys = Object.keys(object).sort();
  const near = closestName(key, keys.slice(0, 200));
  const shown = keys
    .slice(0, 10)
    .map((name) => name.slice(0, 64))
    .join(', ');
  const known = keys.length === 0 ? 'it is empty' : `it has ${shown}${keys.length > 10 ? ` and ${keys.length - 10} more` : ''}`;
  return `${what} has no key ${JSON.stringify(key.slice(0, 64))}${near === undefined ? '' : ` (did you mean ${JSON.stringify(near)}?)`}; ${known}`;
}
