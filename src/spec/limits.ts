import { type DagLimits, DEFAULT_DAG_LIMITS } from '../dag/limits.js';

/** What one spec text may be at most; each limit is named in the issue that reports it. */
export interface SpecLimits extends DagLimits {
  /** Of the text, and of the same value written out without aliases. */
  readonly bytes: number;
  /** Lists and objects within each other. */
  readonly depth: number;
  /** Uses of one YAML anchor, times the aliases within it. */
  readonly aliases: number;
  /** YAML only, whose parser is slow: some seconds of work. */
  readonly yamlTokens: number;
}

/** The limits where nothing else is configured: 4 MiB, 100 levels. */
export const DEFAULT_SPEC_LIMITS: SpecLimits = {
  ...DEFAULT_DAG_LIMITS,
  bytes: 4 * 1024 * 1024,
  depth: 100,
  aliases: 100,
  yamlTokens: 600_000,
};
