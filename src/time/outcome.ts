/** What became of a time of a schedule. */
export type Outcome = 'started' | 'waiting' | 'paused' | 'skipped' | 'missed';

/** A stretch of time in epoch ms, `to` exclusive; absent = it goes on. */
export interface Span {
  readonly from: number;
  readonly to?: number;
}

/** What is known when {@link outcomeOf} is asked. Times are epoch ms. */
export interface PastOfSchedule {
  /** Whether the time has its run. */
  readonly hasRun: boolean;
  /** The last pause. */
  readonly pause?: Span;
  /** From here on the Schedule has not dealt with its times. */
  readonly undealt: number;
  /** When the runs of the other times were open; empty where those do not matter. */
  readonly open: readonly Span[];
}

/**
 * Since when a schedule that was `stored` then is in force, all in epoch ms: since its Temporal Schedule was `created`, if that was at most
 * `moment` later. The times in between are of the past, as those before the storing are. One that came later was late: what it did not run
 * was missed. One that was there before was changed.
 */
export function inForceFrom(stored: number, created: number | undefined, moment: number): number {
  return created !== undefined && created > stored && created <= stored + moment ? created : stored;
}

/** Why a time of a schedule (epoch ms) has a run, or has none. */
export function outcomeOf(time: number, { hasRun, pause, undealt, open }: PastOfSchedule): Outcome {
  if (hasRun) return 'started';
  if (pause !== undefined && holds(pause, time)) return 'paused';
  if (time >= undealt) return 'waiting';
  return open.some((span) => holds(span, time)) ? 'skipped' : 'missed';
}

/**
 * The same past, ascending, where so many of its times are `buffered` by the Schedule: they wait for another run, and were neither skipped
 * nor missed, which is what it looks like for one that came just between two runs. Temporal keeps the first time that has come since the
 * open run for `buffer_one`, and the newest ones for all other policies.
 */
export function withBuffered<T extends { readonly outcome: Outcome }>(
  past: readonly T[],
  buffered: number,
  firstOnly: boolean,
): readonly T[] {
  if (buffered === 0) return past;
  const begun = past.findLastIndex(({ outcome }) => outcome === 'started');
  const all = (wanted: readonly Outcome[]): number[] =>
    past.flatMap(({ outcome }, at) => (wanted.includes(outcome) && (!firstOnly || at > begun) ? [at] : []));
  const without = all(['skipped', 'missed']);
  const [skipped = without[0]] = all(['skipped']);
  const waiting = new Set(firstOnly ? [skipped] : without.slice(-buffered));
  return past.map((each, at) => (waiting.has(at) ? { ...each, outcome: 'waiting' } : each));
}

/** Neighbours that came to the same thing, other than a run, as one stretch. */
export interface Gap {
  readonly outcome: Exclude<Outcome, 'started'>;
  /** First and last time of it. */
  readonly from: number;
  readonly to: number;
  readonly times: number;
}

/** The gaps in a schedule's past, in order. `past` is ascending. */
export function gapsIn(past: readonly { readonly time: number; readonly outcome: Outcome }[]): Gap[] {
  const gaps: Gap[] = [];
  let open = false;
  for (const { time, outcome } of past) {
    const last = gaps.at(-1);
    if (outcome === 'started') open = false;
    else if (open && last?.outcome === outcome) gaps[gaps.length - 1] = { ...last, to: time, times: last.times + 1 };
    else {
      gaps.push({ outcome, from: time, to: time, times: 1 });
      open = true;
    }
  }
  return gaps;
}

function holds({ from, to }: Span, time: number): boolean {
  return from <= time && (to === undefined || time < to);
}
