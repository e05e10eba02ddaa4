/**
 * The floor: the same shapes as `../shapes.ts`, each written by hand as a Temporal workflow, the way one would without Baton.
 * Nothing is read, checked, recorded or reported besides what Temporal does itself.
 */
import { proxyActivities } from '@temporalio/workflow';
import type { FloorActivities } from './activities.js';

/** Text of the size that the other side sends with a task and gets back from it. */
export interface FloorPayload {
  readonly input: string;
  readonly resultSize: number;
}

// The timeouts and the retries that a task of a DAG has by default.
const { floorNoop } = proxyActivities<FloorActivities>({
  startToCloseTimeout: 610_000,
  heartbeatTimeout: '30 seconds',
  retry: { maximumAttempts: 4, initialInterval: '100 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
});

const all = (n: number, payload: FloorPayload): Promise<unknown> =>
  Promise.all(Array.from({ length: n }, () => floorNoop(payload.input, payload.resultSize)));

/** n activities, one after the other. */
export async function floorChain(n: number, payload: FloorPayload): Promise<void> {
  for (let i = 0; i < n; i++) await floorNoop(payload.input, payload.resultSize);
}

/** 1 -> n -> 1. */
export async function floorFan(n: number, payload: FloorPayload): Promise<void> {
  await all(1, payload);
  await all(n, payload);
  await all(1, payload);
}

/** `depth` layers of `width`. */
export async function floorLayers(depth: number, width: number, payload: FloorPayload): Promise<void> {
  for (let layer = 0; layer < depth; layer++) await all(width, payload);
}

/** n activities, `window` at a time. */
export async function floorWide(n: number, window: number, payload: FloorPayload): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < n) {
      next++;
      await floorNoop(payload.input, payload.resultSize);
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, n) }, lane));
}
