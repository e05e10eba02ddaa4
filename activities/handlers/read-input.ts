import type { Json } from '../../src/dag/json.js';
import { TaskError } from '../task-error.js';

/** A `with` after rendering, read field by field; what does not fit is a `TaskError` (`BadInput`, not retried) that names the field. */
export class InputReader {
  private readonly fields: { readonly [name: string]: Json };

  constructor(
    private readonly type: string,
    input: Json,
  ) {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) throw this.bad('', 'an object', input);
    this.fields = input as { readonly [name: string]: Json };
  }

  /** `undefined` for absent and null. */
  get(name: string): Json | undefined {
    return Object.hasOwn(this.fields, name) ? (this.fields[name] ?? undefined) : undefined;
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.bad(name, 'text', value);
  }

  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw this.bad(name, 'text', value ?? null);
    return value;
  }

  count(name: string): number | undefined {
    const value = this.get(name);
    if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)) return value;
    throw this.bad(name, 'a whole number', value);
  }

  object(name: string): { readonly [key: string]: Json } | undefined {
    const value = this.get(name);
    if (value === undefined || (typeof value === 'object' && !Array.isArray(value)))
      return value as { readonly [key: string]: Json } | undefined;
    throw this.bad(name, 'an object', value);
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.get(name);
    if (value === undefined || choices.includes(value as T)) return value as T | undefined;
    throw this.bad(name, `one of ${choices.join(', ')}`, value);
  }

  bad(name: string, expected: string, value: Json): TaskError {
    const shown = JSON.stringify(value).slice(0, 100);
    return new TaskError(
      'BadInput',
      `with${name === '' ? '' : `.${name}`} of a task of type ${this.type} must be ${expected}, not ${shown}`,
      { retryable: false },
    );
  }
}

/** A value where text is wanted (arguments, header values, query parameters): text as it is, null empty, the rest as JSON (R16). */
export function asText(value: Json): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}
