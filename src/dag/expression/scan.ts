import { ExpressionSyntaxError } from './expression-error.js';

/** Brackets inside brackets. */
const MAX_BRACKETS = 64;
/** `!` and `-` in a row. */
const MAX_PREFIXES = 16;

/**
 * The index after the CEL string that opens at `start` (a quote, single or triple), or -1 when it does not end. A raw
 * string's prefix makes no difference: its backslashes hide a quote too.
 */
export function endOfString(text: string, start: number): number {
  const quote = text[start] as string;
  const triple = text[start + 1] === quote && text[start + 2] === quote;
  for (let i = start + (triple ? 3 : 1); i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === quote) {
      if (!triple) return i + 1;
      if (text[i + 1] === quote && text[i + 2] === quote) return i + 3;
    } else if (!triple && (char === '\n' || char === '\r')) return -1;
  }
  return -1;
}

/**
 * The index of the `}}` that ends the expression starting at `start`, or -1. Braces of CEL maps and whatever stands in
 * strings do not end it. Linear.
 */
export function endOfExpression(text: string, start: number): number {
  let braces = 0;
  for (let i = start; i < text.length; i++) {
    switch (text[i]) {
      case '"':
      case "'": {
        const end = endOfString(text, i);
        if (end === -1) return -1;
        i = end - 1;
        break;
      }
      case '/':
        // A comment runs to the end of its line, or of the expression: apostrophes in it mean nothing.
        if (text[i + 1] === '/') {
          while (i + 1 < text.length && text[i + 1] !== '\n' && !(text[i + 1] === '}' && text[i + 2] === '}')) i++;
        }
        break;
      case '{':
        braces++;
        break;
      case '}':
        if (braces > 0) braces--;
        else if (text[i + 1] === '}') return i;
        break;
      default:
    }
  }
  return -1;
}

/** Refuses what would overflow the stack of a recursive parser. Throws {@link ExpressionSyntaxError}. */
export function checkNesting(source: string): void {
  let brackets = 0;
  let prefixes = 0;
  for (let i = 0; i < source.length; i++) {
    const char = source[i] as string;
    if (char === ' ' || char === '\t' || char === '\n' || char === '\r') continue;
    if (char === '/' && source[i + 1] === '/') {
      while (i < source.length && source[i] !== '\n') i++;
      continue;
    }
    if (char === '!' || char === '-') {
      if (++prefixes > MAX_PREFIXES) throw new ExpressionSyntaxError(`more than ${MAX_PREFIXES} of "!" and "-" in a row`, i);
      continue;
    }
    prefixes = 0;
    if (char === '"' || char === "'") {
      const end = endOfString(source, i);
      if (end === -1) throw new ExpressionSyntaxError('the string that starts here is not closed', i);
      i = end - 1;
    } else if (char === '(' || char === '[' || char === '{') {
      if (++brackets > MAX_BRACKETS) throw new ExpressionSyntaxError(`brackets nest deeper than ${MAX_BRACKETS}`, i);
    } else if (char === ')' || char === ']' || char === '}') brackets--;
  }
}
