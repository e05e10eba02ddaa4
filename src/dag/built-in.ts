/** Built-ins of R13, R19 and R20, in ms where they are durations. */
export const BUILT_IN = {
  maxActiveTasks: 16,
  timeoutMs: 600_000,
  heartbeatTimeoutMs: 30_000,
  maxAttempts: 1,
  infraAttempts: 3,
  intervalMs: 10_000,
  multiplier: 2,
  maxIntervalMs: 300_000,
  jitter: 0,
} as const;
