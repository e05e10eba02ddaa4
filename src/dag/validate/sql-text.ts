import type { TemplateString } from '../expression/index.js';

type State = 'code' | "'" | '"' | 'line comment' | 'block comment' | 'dollar quotes';

/**
 * Where the expressions of an SQL text stand that are not free-standing values: an expression renders as a literal with its
 * own quotes, so inside quotes or comments it would break out of them or mean nothing (R18). Returns the source of each.
 */
export function expressionsInsideQuotes(text: TemplateString): { readonly source: string; readonly inside: string }[] {
  const found: { source: string; inside: string }[] = [];
  let state: State = 'code';
  let tag = '';
  for (const segment of text.segments) {
    if (typeof segment !== 'string') {
      if (state !== 'code')
        found.push({
          source: segment.source.trim(),
          inside: state === "'" || state === '"' ? `${state}...${state}` : `a ${state}`,
        });
      continue;
    }
    for (let i = 0; i < segment.length; i++) {
      const rest = segment.startsWith.bind(segment);
      if (state === 'code') {
        if (segment[i] === "'" || segment[i] === '"') state = segment[i] as "'" | '"';
        else if (rest('--', i)) state = 'line comment';
        else if (rest('/*', i)) {
          state = 'block comment';
          i++;
        } else if (segment[i] === '$') {
          const opening = /^\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$/.exec(segment.slice(i, i + 64));
          if (opening !== null && !/[A-Za-z0-9_]/.test(segment[i - 1] ?? '')) {
            state = 'dollar quotes';
            tag = opening[0];
            i += tag.length - 1;
          }
        }
      } else if (state === 'line comment') {
        if (segment[i] === '\n') state = 'code';
      } else if (state === 'block comment') {
        if (rest('*/', i)) {
          state = 'code';
          i++;
        }
      } else if (state === 'dollar quotes') {
        if (rest(tag, i)) {
          state = 'code';
          i += tag.length - 1;
        }
      } else if (segment[i] === state) state = 'code'; // A doubled quote closes and opens again: the same state.
    }
  }
  return found;
}
