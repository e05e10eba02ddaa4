/** What one DAG may be at most; each limit is named in the issue that reports it. */
export interface DagLimits {
  readonly tasks: number;
  readonly edges: number;
  /** UTF-8 bytes of one expression, without its braces. */
  readonly expressionBytes: number;
  /** `${{ }}` in one DAG: each costs some 20 microseconds to parse. */
  readonly expressions: number;
  /** `retry.maxAttempts`, `retry.infraAttempts`. */
  readonly attempts: number;
}

/** One hook of a DAG may take this long, its attempts and waits included, and all of a run together three times as long (R12). */
export const MAX_HOOK_MS = 300_000;
export const MAX_HOOKS_MS = 3 * MAX_HOOK_MS;

/** The limits where nothing else is configured. */
export const DEFAULT_DAG_LIMITS: DagLimits = {
  tasks: 10_000,
  edges: 200_000,
  expressionBytes: 4096,
  expressions: 50_000,
  attempts: 100,
};

/** Failed runs that a DAG counts at most before it is paused (`maxConsecutiveFailedRuns`): it remembers which they were. */
export const MAX_CONSECUTIVE_FAILED_RUNS = 100;

/** Params travel with the run and with each task that names them: this many characters of JSON are a lot already. */
export const MAX_PARAMS_CHARS = 256 * 1024;
