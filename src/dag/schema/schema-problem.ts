/** One thing wrong with a schema or with a value. `pointer` is a JSON pointer into what was checked. */
export interface SchemaProblem {
  readonly pointer: string;
  readonly message: string;
}

/** Problems reported at once; the rest is cut. */
export const MAX_PROBLEMS = 100;
