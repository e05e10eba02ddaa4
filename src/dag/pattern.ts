import { RE2JS } from 're2js';

/** A regular expression is not accepted. `message` says why, in one line. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** Characters of a pattern. */
export const MAX_PATTERN_LENGTH = 256;
/** Instructions of a compiled pattern, repetitions written out: bounds the time to compile one and to match a character. */
export const MAX_PATTERN_SIZE = 1_000;

/** A regular expression that matches in linear time (RE2: no backreferences, no lookaround). */
export interface Pattern {
  /** Whether some part of the text matches; anchor with `^` and `$` for the whole. */
  test(text: string): boolean;
  /** How much work one character of text can be, at least 1. */
  readonly size: number;
  /** What looking at so many characters may take, in steps of an expression (less than half a microsecond each). */
  steps(characters: number): number;
}

/** Compiles a pattern of at most 256 characters whose repetitions, written out, stay under 1,000. Throws {@link PatternError}. */
export function compilePattern(source: string): Pattern {
  if (source.length > MAX_PATTERN_LENGTH)
    throw new PatternError(`the pattern has ${source.length} characters; at most ${MAX_PATTERN_LENGTH} are allowed`);
  const size = patternSize(source);
  if (size > MAX_PATTERN_SIZE)
    throw new PatternError(`the repetitions of the pattern multiply to ${size} parts; at most ${MAX_PATTERN_SIZE} are allowed`);
  try {
    const compiled = RE2JS.compile(source);
    return {
      size,
      test: (text) => compiled.matcher(text).find(),
      steps: (characters) => 1 + Math.ceil(characters * stepsEach(size)),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    throw new PatternError(
      `${reason}${/\(\?[=!<]|escape sequence/.test(reason) ? ' (lookaround and backreferences are not supported)' : ''}`,
    );
  }
}

/**
 * Steps for each character (measured): a small pattern runs as an automaton whose states are soon all known; a large one may have to
 * look at each of its parts at each character.
 */
function stepsEach(size: number): number {
  return 0.25 + Math.min(size, (size * size) / 64);
}

/** An upper estimate of a pattern's compiled size, without compiling it: one per character, groups
 * summed, counted repetitions multiplied. */
export function patternSize(source: string): number {
  const outer: number[] = [];
  let sum = 1;
  let atom = 0;
  const close = (): void => {
    sum += atom;
    atom = 0;
  };
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === '(') {
      close();
      outer.push(sum);
      sum = 1;
    } else if (char === ')') {
      close();
      atom = sum;
      sum = outer.pop() ?? 1;
    } else if (char === '{') {
      const counts = /^\{(\d+)(?:,(\d*))?\}/.exec(source.slice(i, i + 24));
      if (counts === null) {
        close();
        atom = 1;
      } else {
        atom *= Math.max(1, Number(counts[2] || counts[1]) + (counts[2] === '' ? 1 : 0));
        i += counts[0].length - 1;
      }
    } else if (char === '[') {
      close();
      atom = 1;
      let end = source[i + 1] === '^' ? i + 2 : i + 1;
      if (source[end] === ']') end++;
      while (end < source.length && source[end] !== ']') end += source[end] === '\\' ? 2 : 1;
      i = end;
    } else if (char === '*' || char === '+' || char === '?') {
      atom += 1;
    } else {
      close();
      atom = 1;
      if (char === '\\') i++;
    }
  }
  close();
  return outer.reduce((total, part) => total + part, sum);
}
