import { ApplicationFailure } from '@temporalio/common';
import type { ChildEnd } from '../src/dag/child-end.js';
import { evaluateExpression, parseExpression, parseTemplate, renderTemplate } from '../src/dag/expression/index.js';
import type { Json } from '../src/dag/json.js';
import type { DagPlan } from '../src/dag/plan.js';
import type { BlobRef, Failure, FinalRunState } from '../src/dag/state.js';
import type { DayMarker } from '../src/objects/day-marker.js';
import { readJson, writeJson } from '../src/objects/json-blob.js';
import { JsonBlobs } from '../src/objects/json-blobs.js';
import { CACHE_DAYS_PREFIX, DAYS_PREFIX, dayOfCacheMarker, dayOfMarker } from '../src/objects/keys.js';
import type { ObjectStore } from '../src/objects/object-store.js';
import { ObjectStoreError } from '../src/objects/object-store-error.js';
import { checkOutput } from './check-output.js';
import { keptItems } from './kept-items.js';
import { collectItems, expandStored, storedItemKeys } from './map-activities.js';
import {
  type EvaluateInput,
  type LastAttempt,
  OBJECT_CONFLICT,
  type SystemActivities,
  type TemporalPort,
} from './system-calls.js';
import { inTurn } from './taking-turns.js';
import type { CacheDay } from './task-cache.js';
import { TaskError } from './task-error.js';
import { expressionFailure, itemScope, loadTasks } from './task-input.js';
import { outputValue } from './task-output.js';

/** Their names, which no activity of a user may have. */
export const SYSTEM_ACTIVITY_NAMES = [
  'loadPlan',
  'loadJson',
  'storeJson',
  'evaluate',
  'expandMap',
  'itemKeys',
  'collectItems',
  'keptItems',
  'runExists',
  'childEnds',
  'runIsOpen',
  'countPollers',
  'lastAttempts',
  'applySchedule',
  'resolveScheduled',
  'catchUp',
  'lookForRun',
  'triggerRun',
  'triggerEnd',
  'cancelRun',
  'usualDurations',
  'sweepRuns',
] as const satisfies readonly (keyof SystemActivities)[];

const GONE: Failure = { kind: 'terminated', message: 'nobody knows of it any more, and it has left no report' };

/** What the workflows themselves need, on the runs' queue and on the system queue. */
export function createSystemActivities(deps: {
  readonly objects: ObjectStore;
  readonly temporal: TemporalPort;
  readonly outputs?: JsonBlobs;
}): SystemActivities {
  const { objects, temporal } = deps;
  const outputs = deps.outputs ?? new JsonBlobs(objects);
  return {
    // Many runs of a version begin with the same plan.
    loadPlan: async ({ planKey }) => required(planKey, await outputs.read(planKey)) as unknown as DagPlan,
    loadJson: async ({ key }) => required(key, await readJson(objects, key)),
    storeJson: async (input) => storeJson(objects, input),
    evaluate: async (input) => {
      try {
        const value = await evaluated(input, outputs);
        checkOutput(input.schema, value);
        return { output: await outputValue(objects, input.prefix, input.name, value, input.inlineLimit) };
      } catch (error) {
        const named = expressionFailure(error);
        // Only what is wrong with the expression is a result; trouble with the store is worth another try.
        if (named instanceof TaskError)
          return { error: named.message, ...(named.kind === 'output_schema' ? { kind: named.kind } : {}) };
        throw named;
      }
    },
    expandMap: async (input) => expandStored(objects, outputs, input),
    itemKeys: async (input) => storedItemKeys(outputs, input),
    collectItems: async (input) => collectItems(objects, outputs, input),
    keptItems: async (input) => keptItems(objects, outputs, input),
    runExists: async ({ runId, dagId, runKey }) => temporal.runExists(runId, dagId, runKey),
    childEnds: async ({ runIds }) => {
      const ends: (ChildEnd | null)[] = [];
      for (const runId of runIds) ends.push((await temporal.childEnd(runId)) ?? null);
      return ends;
    },
    runIsOpen: async ({ runId, execution }) => temporal.executionIsOpen(runId, execution),
    countPollers: async ({ queue }) => temporal.countPollers(queue),
    lastAttempts: async (input) => {
      // A run does not wait for what is only told of it.
      const found = await temporal.lastAttempts(input).catch(() => new Map<string, LastAttempt>());
      return input.activityIds.map((id) => found.get(id) ?? null);
    },
    applySchedule: async (order) => temporal.applySchedule(order),
    resolveScheduled: async (start) => temporal.resolveScheduled(start),
    catchUp: async (input) => temporal.catchUp(input),
    lookForRun: async (input) => temporal.lookForRun(input),
    triggerRun: async (input) => temporal.triggerRun(input),
    triggerEnd: async ({ runId, task, prefix, inlineLimit }) => {
      const end = await temporal.runEnd(runId);
      // Whoever asks knows that it is over: it was deleted from outside, and counts as failed.
      const { state, failure, outputs = {} } = end ?? { state: 'failed', failure: GONE };
      const value = { runId, state, outputs } as Json;
      const output = await outputValue(objects, prefix, task, value, inlineLimit);
      return { state: state as FinalRunState, ...(failure === undefined ? {} : { failure }), output };
    },
    usualDurations: async (input) => temporal.usualDurations(input),
    cancelRun: async ({ runId, by }) => temporal.cancelRun(runId, by),
    sweepRuns: async ({ before }) => {
      await sweepCache(objects, before);
      return sweepRuns(objects, temporal, before);
    },
  };
}

async function evaluated(input: EvaluateInput, outputs: JsonBlobs): Promise<Json> {
  if (input.expression === true) {
    if (typeof input.template !== 'string')
      throw new TaskError('ExpressionError', 'a bare expression must be text', { kind: 'expression' });
    const source = input.template;
    const expression = await inTurn(() => parseExpression(source, { stored: true }));
    const scope = {
      ...input.scope,
      tasks: await loadTasks(input.scope.tasks ?? {}, expression.references, outputs),
      ...(await itemScope(input.item, expression.references, outputs)),
    };
    return inTurn(() => evaluateExpression(expression, scope));
  }
  const template = await inTurn(() => parseTemplate(input.template, { stored: true }));
  const scope = {
    ...input.scope,
    tasks: await loadTasks(input.scope.tasks ?? {}, template.references, outputs),
    ...(await itemScope(input.item, template.references, outputs)),
  };
  return inTurn(() => renderTemplate(template, scope));
}

/** `storeJson` of {@link SystemActivities}. */
export async function storeJson(
  objects: ObjectStore,
  { key, value, replace }: { readonly key: string; readonly value: Json; readonly replace?: boolean },
): Promise<BlobRef> {
  try {
    return await writeJson(objects, key, value);
  } catch (error) {
    if (!(error instanceof ObjectStoreError) || error.code !== 'conflict') throw error;
    if (replace !== true) throw ApplicationFailure.nonRetryable(error.message, OBJECT_CONFLICT, { key });
    await objects.delete(key);
    return writeJson(objects, key, value);
  }
}

function required(key: string, value: Json | undefined): Json {
  if (value !== undefined) return value;
  throw ApplicationFailure.nonRetryable(
    `object ${key} is not in the object store; it was deleted or this worker uses another store than the service`,
    'BlobMissing',
    { key },
  );
}

/** Cached results are as old as the run that made them, and go with it. */
async function sweepCache(objects: ObjectStore, before: string): Promise<void> {
  for await (const key of objects.list(CACHE_DAYS_PREFIX)) {
    if (dayOfCacheMarker(key) >= before) break;
    const marker = await readJson<CacheDay>(objects, key);
    if (marker !== undefined) await objects.delete(marker.entry);
    await objects.delete(key);
  }
}

/** Goes through the markers day by day; what is interrupted goes on at the next sweep. */
async function sweepRuns(objects: ObjectStore, temporal: TemporalPort, before: string): Promise<{ readonly deleted: number }> {
  let deleted = 0;
  for await (const key of objects.list(DAYS_PREFIX)) {
    if (dayOfMarker(key) >= before) break;
    const marker = await readJson<DayMarker>(objects, key);
    if (marker === undefined || (await temporal.isOpen(marker.runId))) continue;
    // The marker goes last: it is how the rest is found again.
    await objects.deleteAll(marker.prefix);
    await objects.delete(key);
    deleted++;
  }
  return { deleted };
}
