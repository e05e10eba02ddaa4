import type { BlobRef } from '../dag/state.js';
import { writeJson } from './json-blob.js';
import { backfillDayKey, dayMarkerKey } from './keys.js';
import type { ObjectStore } from './object-store.js';

/** What a marker says: which run, or backfill, and where it keeps its objects. */
export interface DayMarker {
  /** The workflow: what belongs to one that is open is kept. */
  readonly runId: string;
  /** Key prefix of the execution, ending with `/`. */
  readonly prefix: string;
}

/** Leaves the marker by which the retention sweep finds an execution (R3). `acceptedAt` in epoch ms; idempotent. */
export function writeDayMarker(
  store: ObjectStore,
  run: DayMarker & { readonly dagId: string; readonly runKey: string; readonly execution: number; readonly acceptedAt: number },
): Promise<BlobRef> {
  const day = dayOf(run.acceptedAt);
  const marker: DayMarker = { runId: run.runId, prefix: run.prefix };
  return writeJson(store, dayMarkerKey(day, run.dagId, run.runKey, run.execution), marker);
}

/** The same for a backfill. */
export function writeBackfillDayMarker(
  store: ObjectStore,
  backfill: DayMarker & { readonly id: string; readonly acceptedAt: number },
): Promise<BlobRef> {
  const { id, runId, prefix, acceptedAt } = backfill;
  return writeJson(store, backfillDayKey(dayOf(acceptedAt), id), { runId, prefix } satisfies DayMarker);
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
