import type { ScheduleHead } from '../../workflows/contract.js';
import { formatInstant } from '../time/instant.js';

/** `paused since <time> by <whom>: <why>`, as far as that is known, for the notes that people read. */
export function pausedSince({ from, by, why }: NonNullable<ScheduleHead['pause']>): string {
  return `paused since ${formatInstant(from)}${by === undefined ? '' : ` by ${by}`}${why === undefined ? '' : `: ${why}`}`;
}
