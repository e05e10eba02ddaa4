import type { Failure } from '../../../src/dag/state.js';
import type { MapProgress } from '../../contract.js';

/** Failed items told in the failure of their map. */
export const MAX_NAMED = 5;

/** `3 of 10 items failed, 1 may: a (disk full), b and 1 more`. */
export function itemsFailed({ total, counts }: MapProgress, tolerated: number, reasons: readonly string[]): Failure {
  const { failed = 0 } = counts;
  const named = reasons.slice(0, MAX_NAMED);
  const rest = failed - named.length;
  const allowed = tolerated > 0 ? `, ${tolerated} may` : '';
  const message = `${failed} of ${total} items failed${allowed}: ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return { kind: 'items_failed', message, details: { failed, total, tolerated } };
}
