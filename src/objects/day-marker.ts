import type { BlobRef } from '../dag/state.js';
import { writeJson } from './json-blob.js';
import { dayMarkerKey } from './keys.js';
import type { ObjectStore } from './object-store.js';

/** What a marker says: which run, and where it keeps its objects. */
export interface DayMarker {
  readonly runId: string;
  /** Key prefix of the execution, ending with `/`. */
  readonly prefix: string;
}

/** Leaves the marker by which the retention sweep finds an execution (R3). `acceptedAt` in epoch ms; idempotent. */
export function writeDayMarker(
  store: ObjectStore,
  run: DayMarker & { readonly dagId: string; readonly runKey: string; readonly execution: number; readonly acceptedAt: number },
): Promise<BlobRef> {
  const day = new Date(run.acceptedAt).toISOString().slice(0, 10);
  const marker: DayMarker = { runId: run.runId, prefix: run.prefix };
  return writeJson(store, dayMarkerKey(day, run.dagId, run.runKey, run.execution), marker);
}
