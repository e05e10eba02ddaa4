import type { Evaluated } from './run-values.js';
import { clip } from './task-failure.js';

/** What a condition says, or why it says nothing. */
export type ConditionAnswer = { readonly value: boolean } | { readonly error: string };

/** Reads the answer of an expression that must be true or false; `name` is what it stands in. */
export function conditionAnswer(answer: Evaluated, name: string): ConditionAnswer {
  if ('error' in answer) return { error: `${name}: ${answer.error}` };
  const value = 'value' in answer.output ? answer.output.value : undefined;
  if (typeof value === 'boolean') return { value };
  return { error: `${name} must be true or false, got ${clip(value === undefined ? 'a large value' : JSON.stringify(value))}` };
}
