import type { Json } from '../json.js';

/** Operators with two operands that are always both evaluated. */
export type BinaryOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+' | '-' | '*' | '/' | '%';

/** Macros that run an expression per element. */
export const LOOP_MACROS = ['all', 'exists', 'exists_one', 'filter', 'map'] as const;
export type LoopMacro = (typeof LOOP_MACROS)[number];

/** Where a node stands in the source, as UTF-16 offsets. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * An expression as we evaluate it: names resolved, functions known, argument counts checked. At most 200 levels deep, so
 * that recursion over it is safe.
 */
export type Node = Place &
  (
    | { readonly op: 'literal'; readonly value: null | boolean | number | string }
    | { readonly op: 'root'; readonly name: string }
    /** Variable of an enclosing loop, counted from the outermost. */
    | { readonly op: 'local'; readonly slot: number }
    | { readonly op: 'field'; readonly object: Node; readonly name: string }
    | { readonly op: 'index'; readonly object: Node; readonly key: Node }
    | { readonly op: 'list'; readonly items: readonly Node[] }
    | { readonly op: 'object'; readonly entries: readonly (readonly [key: Node, value: Node])[] }
    | { readonly op: 'conditional'; readonly test: Node; readonly yes: Node; readonly no: Node }
    | { readonly op: 'or' | 'and'; readonly left: Node; readonly right: Node }
    | { readonly op: 'not' | 'negate'; readonly operand: Node }
    | { readonly op: 'binary'; readonly operator: BinaryOperator; readonly left: Node; readonly right: Node }
    | { readonly op: 'call'; readonly name: string; readonly args: readonly Node[] }
    | { readonly op: 'has'; readonly path: Node }
    | {
        readonly op: 'loop';
        readonly macro: LoopMacro;
        readonly list: Node;
        readonly slot: number;
        readonly test?: Node;
        readonly value?: Node;
      }
  );

/** The nodes directly below, in order of evaluation. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.op) {
    case 'literal':
    case 'root':
    case 'local':
      return [];
    case 'field':
      return [node.object];
    case 'index':
      return [node.object, node.key];
    case 'list':
      return node.items;
    case 'object':
      return node.entries.flat();
    case 'conditional':
      return [node.test, node.yes, node.no];
    case 'or':
    case 'and':
    case 'binary':
      return [node.left, node.right];
    case 'not':
    case 'negate':
      return [node.operand];
    case 'call':
      return node.args;
    case 'has':
      return [node.path];
    case 'loop':
      return [node.list, node.test, node.value].filter((child) => child !== undefined);
    default:
      throw new Error(`unknown node ${JSON.stringify(node satisfies never)}`);
  }
}

/** The text of a literal string node; `undefined` for all others. */
export function literalText(node: Node): string | undefined {
  return node.op === 'literal' && typeof (node.value as Json) === 'string' ? (node.value as string) : undefined;
}
