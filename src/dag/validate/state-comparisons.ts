import { childrenOf, literalText, type Node } from '../expression/node.js';
import { RUN_STATES, TASK_STATES } from '../state.js';
import { didYouMean } from '../suggest.js';

/**
 * What an expression compares the state of a task, of an item of a map, or of the run with, although nothing has such a state: `tasks.a.state ==
 * 'succeeded'` would be false for ever. A message for each.
 */
export function impossibleStates(ast: Node): readonly string[] {
  const found: string[] = [];
  visit(ast, new Set(), found);
  return found;
}

/** `items`: slots of loops over the items of a map. */
function visit(node: Node, items: ReadonlySet<number>, found: string[]): void {
  if (node.op === 'binary' && (node.operator === '==' || node.operator === '!=' || node.operator === 'in')) {
    const { left, right, operator } = node;
    const states = statesOf(left, items) ?? (operator === 'in' ? undefined : statesOf(right, items));
    if (states !== undefined) {
      const literals = right.op === 'list' && operator === 'in' ? right.items : [left, right];
      for (const literal of literals) {
        const text = literalText(literal);
        if (text !== undefined && !states.includes(text)) found.push(message(text, states));
      }
    }
  }
  const inside = node.op === 'loop' && isItems(node.list) ? new Set([...items, node.slot]) : items;
  for (const child of childrenOf(node)) visit(child, inside, found);
}

function message(text: string, states: readonly string[]): string {
  return `nothing has the state '${text.slice(0, 40)}'${didYouMean(text, states)}; the states are ${states.join(', ')}`;
}

/** The states that a node can be; undefined for other values. */
function statesOf(node: Node, items: ReadonlySet<number>): readonly string[] | undefined {
  if (node.op !== 'field' || node.name !== 'state') return undefined;
  const { object } = node;
  if (object.op === 'root' && object.name === 'run') return RUN_STATES;
  if (object.op === 'local') return items.has(object.slot) ? TASK_STATES : undefined;
  return isTask(object) ? TASK_STATES : undefined;
}

function isTask(node: Node): boolean {
  return (node.op === 'field' || node.op === 'index') && node.object.op === 'root' && node.object.name === 'tasks';
}

function isItems(node: Node): boolean {
  if (node.op === 'loop' && node.macro === 'filter') return isItems(node.list);
  return node.op === 'field' && node.name === 'items' && isTask(node.object);
}
