import { closestName } from '../closest-name.js';
import { ExpressionSyntaxError } from './expression-error.js';
import { FOREIGN_FUNCTIONS, FUNCTIONS } from './function-catalogue.js';
import { type BinaryOperator, LOOP_MACROS, type LoopMacro, type Node } from './node.js';

/** What the parser library makes: an operator with arguments of many shapes. */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
}

/** Levels of the tree; `a + b + c` is two. */
const MAX_DEPTH = 200;
const BINARY: ReadonlySet<string> = new Set<BinaryOperator>(['==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%']);

/**
 * The library's tree as ours: variables of loops resolved, integers as numbers, functions and macros looked up and their
 * argument counts checked. Throws {@link ExpressionSyntaxError}.
 */
export function lower(root: CelNode): Node {
  checkDepth(root);
  return lowerNode(root, []);
}

/** Without recursion, since `1+1+1+…` parses into a tree as deep as it is long. */
function checkDepth(root: CelNode): void {
  const stack: [unknown, number][] = [[root, 1]];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [part, depth] = top;
    if (Array.isArray(part)) for (const inner of part) stack.push([inner, depth]);
    else if (isCelNode(part)) {
      if (depth > MAX_DEPTH)
        throw new ExpressionSyntaxError(
          `the expression nests or chains more than ${MAX_DEPTH} operations: split it over several tasks`,
          part.start,
        );
      stack.push([part.args, depth + 1]);
    }
  }
}

function isCelNode(value: unknown): value is CelNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function lowerNode(cel: CelNode, locals: readonly string[]): Node {
  const place = { start: cel.start, end: cel.end };
  const at = (child: unknown): Node => lowerNode(child as CelNode, locals);
  const args = cel.args as readonly unknown[];
  switch (cel.op) {
    case 'value':
      return { op: 'literal', value: literal(cel), ...place };
    case 'id': {
      const name = cel.args as string;
      const slot = locals.lastIndexOf(name);
      return slot === -1 ? { op: 'root', name, ...place } : { op: 'local', slot, ...place };
    }
    case '.':
      return { op: 'field', object: at(args[0]), name: args[1] as string, ...place };
    case '[]':
      return { op: 'index', object: at(args[0]), key: at(args[1]), ...place };
    case 'list':
      return { op: 'list', items: args.map(at), ...place };
    case 'map':
      return {
        op: 'object',
        entries: args.map((entry) => [at((entry as CelNode[])[0]), at((entry as CelNode[])[1])] as const),
        ...place,
      };
    case '?:':
      return { op: 'conditional', test: at(args[0]), yes: at(args[1]), no: at(args[2]), ...place };
    case '||':
      return { op: 'or', left: at(args[0]), right: at(args[1]), ...place };
    case '&&':
      return { op: 'and', left: at(args[0]), right: at(args[1]), ...place };
    case '!_':
      return { op: 'not', operand: at(cel.args), ...place };
    case '-_':
      return { op: 'negate', operand: at(cel.args), ...place };
    case 'call':
      return lowerCall(cel, args[0] as string, undefined, args[1] as readonly CelNode[], locals);
    case 'rcall':
      return lowerCall(cel, args[0] as string, args[1] as CelNode, args[2] as readonly CelNode[], locals);
    default:
      if (BINARY.has(cel.op))
        return { op: 'binary', operator: cel.op as BinaryOperator, left: at(args[0]), right: at(args[1]), ...place };
      throw new ExpressionSyntaxError(`${cel.op} is not supported`, cel.start);
  }
}

function literal(cel: CelNode): null | boolean | number | string {
  const value = cel.args;
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (!Number.isSafeInteger(number))
      throw new ExpressionSyntaxError(
        `the number ${String(value).slice(0, 32)} passes 2^53, beyond which whole numbers are not exact`,
        cel.start,
      );
    return number;
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (value instanceof Uint8Array) throw new ExpressionSyntaxError("bytes (b'…') are not supported: write text", cel.start);
  throw new ExpressionSyntaxError('unsigned numbers (1u) are not supported: write 1', cel.start);
}

function lowerCall(
  cel: CelNode,
  name: string,
  receiver: CelNode | undefined,
  rest: readonly CelNode[],
  locals: readonly string[],
): Node {
  const place = { start: cel.start, end: cel.end };
  if (name === 'has') return lowerHas(cel, receiver, rest, locals);
  if ((LOOP_MACROS as readonly string[]).includes(name)) return lowerLoop(cel, name as LoopMacro, receiver, rest, locals);
  const known = FUNCTIONS.get(name);
  if (known === undefined) throw unknownFunction(cel, name);
  const args = receiver === undefined ? rest : [receiver, ...rest];
  if (args.length < known.minArgs || args.length > known.maxArgs) {
    throw new ExpressionSyntaxError(
      `${name}() is given ${args.length} argument${args.length === 1 ? '' : 's'}; write ${known.usage}`,
      cel.start,
    );
  }
  return { op: 'call', name, args: args.map((arg) => lowerNode(arg, locals)), ...place };
}

function lowerHas(cel: CelNode, receiver: CelNode | undefined, rest: readonly CelNode[], locals: readonly string[]): Node {
  const [path] = rest;
  if (receiver !== undefined || path === undefined || rest.length > 1 || (path.op !== '.' && path.op !== '[]')) {
    throw new ExpressionSyntaxError('has() takes one field: has(a.b)', cel.start);
  }
  return { op: 'has', path: lowerNode(path, locals), start: cel.start, end: cel.end };
}

function lowerLoop(
  cel: CelNode,
  macro: LoopMacro,
  receiver: CelNode | undefined,
  rest: readonly CelNode[],
  locals: readonly string[],
): Node {
  const usage = macro === 'map' ? 'list.map(x, value) or list.map(x, test, value)' : `list.${macro}(x, test)`;
  if (receiver === undefined || (rest.length !== 2 && !(macro === 'map' && rest.length === 3))) {
    throw new ExpressionSyntaxError(`write ${usage}`, cel.start);
  }
  const [variable, ...bodies] = rest as [CelNode, ...CelNode[]];
  if (variable.op !== 'id')
    throw new ExpressionSyntaxError(`the first argument of ${macro}() is a name of your choice: ${usage}`, variable.start);
  const inner = [...locals, variable.args as string];
  const [first, second] = bodies.map((body) => lowerNode(body, inner)) as [Node, Node | undefined];
  const parts = macro !== 'map' ? { test: first } : second === undefined ? { value: first } : { test: first, value: second };
  return {
    op: 'loop',
    macro,
    list: lowerNode(receiver, locals),
    slot: locals.length,
    ...parts,
    start: cel.start,
    end: cel.end,
  };
}

function unknownFunction(cel: CelNode, name: string): ExpressionSyntaxError {
  const foreign = FOREIGN_FUNCTIONS.get(name);
  const near = closestName(name, [...FUNCTIONS.keys(), ...LOOP_MACROS, 'has']);
  const advice =
    foreign !== undefined
      ? `write ${foreign}`
      : near !== undefined
        ? `did you mean ${near}()?`
        : `there are ${[...FUNCTIONS.keys(), ...LOOP_MACROS, 'has'].sort().join(', ')}`;
  return new ExpressionSyntaxError(`there is no function ${name.slice(0, 64)}(): ${advice}`, cel.start);
}
