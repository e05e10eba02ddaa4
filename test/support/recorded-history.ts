import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';

const FOLDER = fileURLToPath(new URL('../workflows/histories/', import.meta.url));
const { History } = proto.temporal.api.history.v1;
const SUFFIX = '.history.gz';

/** Set BATON_RECORD_HISTORIES=1 to record the histories of the workflow tests anew (`test/workflows/histories`). */
const recording = process.env['BATON_RECORD_HISTORIES'] === '1';

/** Keeps the history of a closed run (protobuf, gzipped) under a name that says what it shows, when recording is on. */
export async function recordHistory(handle: WorkflowHandle, name: string): Promise<void> {
  if (!recording) return;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}${name}${SUFFIX}`, gzipSync(History.encode(await handle.fetchHistory()).finish(), { level: 9 }));
}

/** All recorded histories, for `Worker.runReplayHistories`. */
export function recordedHistories(): {
  readonly workflowId: string;
  readonly history: proto.temporal.api.history.v1.IHistory;
}[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(SUFFIX))
    .sort()
    .map((file) => ({
      workflowId: file.slice(0, -SUFFIX.length),
      history: History.decode(gunzipSync(readFileSync(`${FOLDER}${file}`))),
    }));
}
