/** Argument of `retention`. */
export interface RetentionInput {
  readonly retentionMs: number;
}
