/** One thing that was measured against what it has to reach; `value` and `limit` in `unit`. */
export interface Outcome {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  /** Whatever else a reader of results.json may want. */
  readonly details?: unknown;
}

/** Whether the limit was kept. */
export const kept = ({ value, limit }: Outcome): boolean => value <= limit;

/** `1.04 of 1.15 x: ok`. */
export function verdict(outcome: Outcome): string {
  const text = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 3 : 1));
  return `${text(outcome.value)} of ${text(outcome.limit)} ${outcome.unit}: ${kept(outcome) ? 'ok' : 'OVER'}`;
}
