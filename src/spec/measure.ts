import type { IssueCode } from '../dag/issue.js';
import { pointer } from '../dag/json-pointer.js';
import type { SpecLimits } from './limits.js';

/** A value that no spec may hold, and where. */
export interface MeasureProblem {
  readonly code: IssueCode;
  readonly path: string;
  readonly message: string;
}

/** Names stand in paths and messages, many times over. In UTF-16 units. */
export const MAX_NAME_LENGTH = 1000;

const SURROGATE = /\p{Surrogate}/u;

/**
 * Walks a parsed value as if aliases were written out, and stops at the first problem: nesting over `limits.depth`, more than
 * `limits.bytes`, or something that JSON cannot carry. Safe on cyclic values: depth and size both end the walk.
 */
export function measure(value: unknown, limits: SpecLimits): MeasureProblem | undefined {
  const path: (string | number)[] = [];
  let size = 0;
  let problem: MeasureProblem | undefined;
  const found = (code: IssueCode, message: string): false => {
    problem = { code, path: pointer(...path), message };
    return false;
  };
  const text = (part: string, what: string): boolean => {
    size += part.length + 2;
    return (
      !SURROGATE.test(part) ||
      found('bad_text', `this ${what} holds half a surrogate pair, which is no character; write the whole character`)
    );
  };
  const walk = (node: unknown, depth: number): boolean => {
    size++;
    if (size > limits.bytes) {
      return found(
        'too_many_aliases',
        `with its aliases written out the text is larger than ${limits.bytes} bytes; repeat less`,
      );
    }
    if (node === null || typeof node === 'boolean') return true;
    if (typeof node === 'string') return text(node, 'text');
    if (typeof node === 'number') {
      return Number.isFinite(node) || found('invalid_value', `${String(node)} is not a number that JSON can carry`);
    }
    if (typeof node !== 'object')
      return found('bad_text', `a ${typeof node} cannot stand in a spec; use text, numbers, true, false, null, lists and maps`);
    if (depth >= limits.depth) return found('too_deep', `lists and maps are nested more than ${limits.depth} deep`);
    if (Array.isArray(node)) {
      for (let i = 0; i < node.length; i++) {
        path.push(i);
        if (!walk(node[i], depth + 1)) return false;
        path.pop();
      }
      return true;
    }
    const proto: unknown = Object.getPrototypeOf(node);
    if (proto !== Object.prototype && proto !== null)
      return found('bad_text', 'only text, numbers, true, false, null, lists and maps can stand in a spec');
    for (const [key, child] of Object.entries(node)) {
      if (key.length > MAX_NAME_LENGTH)
        return found('too_large', `a name here has ${key.length} characters; at most ${MAX_NAME_LENGTH} are allowed`);
      path.push(key);
      if (!text(key, 'name') || !walk(child, depth + 1)) return false;
      path.pop();
    }
    return true;
  };
  walk(value, 0);
  return problem;
}
