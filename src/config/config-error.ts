/** What is wrong with one variable. */
export interface ConfigProblem {
  readonly variable: string;
  /** As given; secrets never come here. */
  readonly value: string;
  /** What is wrong and what to write instead. */
  readonly fix: string;
}

/** The environment cannot be used: one message that names every variable, its value and the fix. Thrown at boot only. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      `The configuration cannot be used (${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}):\n` +
        problems.map((p) => `  ${p.variable}=${JSON.stringify(p.value)}: ${p.fix}`).join('\n'),
    );
  }
}
