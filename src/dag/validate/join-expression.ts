import type { Node } from '../expression/node.js';
import { type JoinTree, stateBit } from '../join.js';
import { FINAL_TASK_STATES, type FinalTaskState } from '../state.js';

/** What a join's expression may be made of, for messages. */
export const JOIN_LANGUAGE =
  "a join's expression compares states of the tasks in `dependsOn` with == != in, and combines that with && || ! ? : and brackets";

/** Why an expression is none for a join. */
export interface JoinProblem {
  readonly problem: string;
  /** UTF-16 offset in the expression. */
  readonly offset: number;
}

/** The conditions on states that an expression is made of (R6): so little that evaluating it can never fail. */
export function joinTree(ast: Node): JoinTree<string> | JoinProblem {
  try {
    return condition(ast);
  } catch (error) {
    if (error instanceof NotOfJoins) return { problem: error.message, offset: error.offset };
    throw error;
  }
}

class NotOfJoins extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

function condition(node: Node): JoinTree<string> {
  switch (node.op) {
    case 'literal':
      if (typeof node.value === 'boolean') return node.value;
      break;
    case 'not':
      return ['not', condition(node.operand)];
    case 'and':
    case 'or':
      return [node.op, condition(node.left), condition(node.right)];
    case 'conditional': {
      const test = condition(node.test);
      return ['or', ['and', test, condition(node.yes)], ['and', ['not', test], condition(node.no)]];
    }
    case 'binary': {
      if (node.operator === '==') return comparison(node.left, node.right);
      if (node.operator === '!=') return ['not', comparison(node.left, node.right)];
      const task = stateOf(node.left);
      if (node.operator === 'in' && task !== undefined && node.right.op === 'list')
        return ['in', task, node.right.items.reduce((states, item) => states | stateOfLiteral(item), 0)];
      break;
    }
    default:
  }
  throw new NotOfJoins(JOIN_LANGUAGE, node.start);
}

function comparison(left: Node, right: Node): JoinTree<string> {
  const [one, other] = [stateOf(left), stateOf(right)];
  if (one !== undefined && other !== undefined) return ['same', one, other];
  if (one !== undefined) return ['in', one, stateOfLiteral(right)];
  if (other !== undefined) return ['in', other, stateOfLiteral(left)];
  throw new NotOfJoins(JOIN_LANGUAGE, left.start);
}

/** The task of `tasks.<id>.state`. */
function stateOf(node: Node): string | undefined {
  if (node.op !== 'field' || node.name !== 'state') return undefined;
  const task = node.object;
  if ((task.op !== 'field' && task.op !== 'index') || task.object.op !== 'root' || task.object.name !== 'tasks')
    return undefined;
  if (task.op === 'field') return task.name;
  return task.key.op === 'literal' && typeof task.key.value === 'string' ? task.key.value : undefined;
}

function stateOfLiteral(node: Node): number {
  if (node.op !== 'literal' || typeof node.value !== 'string') throw new NotOfJoins(JOIN_LANGUAGE, node.start);
  if (!(FINAL_TASK_STATES as readonly string[]).includes(node.value))
    throw new NotOfJoins(
      `no task ends as '${node.value.slice(0, 40)}'; the states are ${FINAL_TASK_STATES.join(', ')}`,
      node.start,
    );
  return stateBit(node.value as FinalTaskState);
}
