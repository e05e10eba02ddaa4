import { childrenOf, type Node } from './node.js';
import type { ParsedExpression } from './parse-expression.js';

/** Loops inside loops over lists of unknown size that are accepted. */
const MAX_NESTED_LOOPS = 2;

/**
 * Why an expression is too costly to be accepted, or `undefined`: at most two loops (`all exists exists_one filter map`)
 * inside each other over lists; a list of up to 16 elements that is written out does not count. What a loop runs over does not count as inside. The step
 * budget of the evaluation bounds all else.
 */
export function checkExpressionCost(parsed: ParsedExpression): string | undefined {
  const depth = loopDepth(parsed.ast);
  if (depth <= MAX_NESTED_LOOPS) return undefined;
  return `${depth} loops (all, exists, exists_one, filter, map) stand inside each other; at most ${MAX_NESTED_LOOPS} are allowed, since the cost multiplies: use a task (sql, activity), or several`;
}

function loopDepth(node: Node): number {
  if (node.op !== 'loop') return deepest(childrenOf(node));
  const body = deepest([node.test, node.value].filter((child) => child !== undefined));
  return Math.max(loopDepth(node.list), (node.list.op === 'list' && node.list.items.length <= 16 ? 0 : 1) + body);
}

function deepest(nodes: readonly Node[]): number {
  return nodes.reduce((depth, node) => Math.max(depth, loopDepth(node)), 0);
}
