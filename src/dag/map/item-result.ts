import { formatInstant, parseInstant } from '../instant.js';
import type { Json } from '../json.js';
import type { Failure, HookRecord, OutputValue, TaskState } from '../state.js';

/** What is known of one item of a map. Times are epoch ms. */
export interface ItemRecord {
  readonly index: number;
  readonly key: string;
  readonly state: TaskState;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** How many attempts there were. */
  readonly attempts?: number;
  readonly output?: OutputValue;
  readonly failure?: Failure;
  /** Those between its attempts, the newest. Absent = none ran. */
  readonly hooks?: readonly HookResult[];
}

/**
 * An item as `tasks.<map>.items` and REST show it (R10). `output` is null unless it succeeded, `failure` null unless it failed;
 * instants are RFC 3339 or null.
 */
export interface ItemResult {
  readonly index: number;
  readonly key: string;
  readonly state: TaskState;
  readonly output: Json;
  readonly failure: Failure | null;
  readonly attempts: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** What became of the hooks between its attempts; absent where none ran. */
  readonly hooks?: readonly HookResult[];
}

/** A hook between attempts as an item shows it. */
export type HookResult = Pick<HookRecord, 'hook' | 'index' | 'attempt' | 'state' | 'failure'>;

/** The record of an item that succeeded, from its result; `output` is where its value is kept now. */
export function recordOf({ index, key, attempts, startedAt, endedAt, hooks }: ItemResult, output: OutputValue): ItemRecord {
  const ms = (instant: string | null): number | undefined => (instant === null ? undefined : parseInstant(instant));
  return {
    index,
    key,
    state: 'success',
    startedAt: ms(startedAt),
    endedAt: ms(endedAt),
    attempts,
    output,
    ...(hooks === undefined ? {} : { hooks }),
  };
}

/** The result of an item; `output` is the value of its output, wherever that is kept. */
export function itemResult(record: ItemRecord, output: Json): ItemResult {
  const { index, key, state, failure, attempts, startedAt, endedAt, hooks } = record;
  const instant = (ms: number | undefined): string | null => (ms === undefined ? null : (formatInstant(ms) ?? null));
  return {
    index,
    key,
    state,
    output: state === 'success' ? output : null,
    failure: failure ?? null,
    attempts: attempts ?? 0,
    startedAt: instant(startedAt),
    endedAt: instant(endedAt),
    ...(hooks === undefined ? {} : { hooks }),
  };
}

/** A hook between attempts as its item tells of it. */
export function hookResult({ hook, index, attempt, state, failure }: HookRecord): HookResult {
  return {
    hook,
    ...(index === undefined ? {} : { index }),
    ...(attempt === undefined ? {} : { attempt }),
    state,
    ...(failure === undefined ? {} : { failure }),
  };
}
