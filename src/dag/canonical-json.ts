import type { Json } from './json.js';

/**
 * The canonical JSON text of a value (RFC 8785): keys sorted by UTF-16 units, no spaces, shortest numbers; equal values
 * have equal texts. Any depth. Keys whose value is `undefined` are left out, as JSON does; lone surrogates stay escaped
 * (`\ud800`) where the RFC would fail. Throws TypeError for what is no JSON value (NaN, bigint, a function).
 */
export function canonicalJson(value: Json): string {
  const parts: string[] = [];
  // An own stack: outputs of programs may nest deeper than the call stack allows.
  const stack: Frame[] = [];
  let current: Json | undefined = value;
  for (;;) {
    if (Array.isArray(current)) {
      parts.push('[');
      stack.push({ list: current, next: 0 });
    } else if (typeof current === 'object' && current !== null) {
      parts.push('{');
      stack.push({ object: current as { [key: string]: Json }, keys: sortedKeys(current as { [key: string]: Json }), next: 0 });
    } else {
      parts.push(scalar(current));
    }
    for (;;) {
      const frame = stack.at(-1);
      if (frame === undefined) return parts.join('');
      const at = frame.next++;
      if ('list' in frame) {
        if (at < frame.list.length) {
          if (at > 0) parts.push(',');
          current = frame.list[at];
          break;
        }
        parts.push(']');
      } else {
        const key = frame.keys[at];
        if (key !== undefined) {
          parts.push(at > 0 ? `,${JSON.stringify(key)}:` : `${JSON.stringify(key)}:`);
          current = frame.object[key];
          break;
        }
        parts.push('}');
      }
      stack.pop();
    }
  }
}

type Frame =
  | { readonly list: readonly Json[]; next: number }
  | { readonly object: { readonly [key: string]: Json }; readonly keys: readonly string[]; next: number };

function sortedKeys(object: { readonly [key: string]: Json | undefined }): string[] {
  return Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort();
}

function scalar(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value);
      throw new TypeError(`${value} is not a JSON number`);
    default:
      throw new TypeError(`a value of type ${typeof value} is not JSON`);
  }
}
