import { compilePattern, type Pattern, PatternError } from '../../src/dag/pattern.js';
import { TaskError } from '../task-error.js';

/** Names of files by a pattern: `*` and `?` within one part of a path, `**` over any number of parts. */
export interface Glob {
  /** The folder below which all that matches must be: the parts before the first wildcard, without a `/` at its end; may be empty. */
  readonly folder: string;
  /** The whole pattern is a name. */
  readonly literal: boolean;
  test(path: string): boolean;
}

/** Reads a pattern. Matching takes linear time. Throws `TaskError` (`BadInput`) for one that is too long. */
export function glob(pattern: string): Glob {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => /[*?]/.test(part));
  if (first < 0) return { folder: pattern, literal: true, test: (path) => path === pattern };
  const source = parts
    .map((part, i) =>
      part === '**'
        ? i === parts.length - 1
          ? '.*'
          : '(?:[^/]+/)*'
        : `${partSource(part)}${i === parts.length - 1 ? '' : '/'}`,
    )
    .join('');
  let compiled: Pattern;
  try {
    compiled = compilePattern(`^${source}$`);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new TaskError('BadInput', `with.file: ${JSON.stringify(pattern.slice(0, 60))} cannot be used: ${error.message}`, {
      retryable: false,
    });
  }
  return { folder: parts.slice(0, first).join('/'), literal: false, test: (path) => compiled.test(path) };
}

function partSource(part: string): string {
  return part
    .replace(/[^\w*?\u0080-\uffff-]/g, '\\$&')
    .replace(/\*+/g, '[^/]*')
    .replace(/\?/g, '[^/]');
}
