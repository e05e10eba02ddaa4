import { DurationError, parseDuration } from '../duration.js';
import type { Checking } from './checking.js';

/** Milliseconds of a duration, or an issue. Zero is refused unless `zero` says otherwise; absent and null are nothing. */
export function checkDuration(
  { issues }: Checking,
  path: string,
  text: string | null | undefined,
  { zero = false } = {},
): number | undefined {
  if (text === undefined || text === null) return undefined;
  try {
    const ms = parseDuration(text);
    if (ms > 0 || zero) return ms;
    issues.error('bad_duration', path, 'must be longer than zero');
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    issues.error('bad_duration', path, error.message);
  }
  return undefined;
}
