import type { SystemActivities } from '../../../activities/system-calls.js';
import { mergeReferences, type ParsedTemplate, parseTemplate, renderTemplate } from '../../../src/dag/expression/index.js';
import type { Json } from '../../../src/dag/json.js';
import { expandMap } from '../../../src/dag/map/expand-map.js';
import { type ItemKey, itemNames } from '../../../src/dag/map/item-key.js';
import { itemAt, type NamedLists } from '../../../src/dag/map/item-lists.js';
import type { ItemSource } from '../../../src/dag/map/item-source.js';
import { MAP_BUILT_IN, type MapPlan } from '../../../src/dag/map/map-plan.js';
import { type ItemRange, shardCount } from '../../../src/dag/map/shards.js';
import type { TaskPlan } from '../../../src/dag/plan.js';
import type { Scope } from '../../../src/dag/scope.js';
import type { Failure } from '../../../src/dag/state.js';
import type { RunValues } from '../run-values.js';
import { shielded } from '../shielded.js';
import type { PreparedMap } from './running-map.js';

/** Lists of a map up to this many characters of JSON stay in the run; longer ones are stored and read by those who need an item. */
const INLINE_LISTS = 32 * 1024;

/** Why there is nothing to run: its own failure, or what it is over is missing. */
export type NoMap = { readonly failure: Failure } | { readonly ended: 'upstream_failed' | 'skipped' };

type System = (summary: string) => Pick<SystemActivities, 'expandMap' | 'itemKeys'>;

/** Evaluates once what a map needs before it can run (R14): how many at a time, over what, and how its items are named. */
export async function prepareMap(
  task: TaskPlan,
  values: RunValues,
  prefix: string,
  system: System,
): Promise<PreparedMap | NoMap> {
  const map = task.map!;
  const maxConcurrency = await concurrencyOf(task, map, values);
  if (typeof maxConcurrency !== 'number') return maxConcurrency;
  let lists = listsAtHand(task, map, values) ?? (await storedLists(task, map, values, prefix, system, INLINE_LISTS));
  if ('failure' in lists) return missingInput(map, values) ?? lists;
  // Each shard is told of the lists: short lists of many items go by reference too.
  if (shardCount(lists.total) > 0) lists = await storedLists(task, map, values, prefix, system, 0);
  if ('failure' in lists) return lists;
  const prepared = { ...lists, maxConcurrency };
  return shardCount(lists.total) > 0 ? prepared : withKeys(task, prepared, values, system);
}

/** A map over what is not there since a task has no output: it ends as a task behind that one would, and has not failed itself. */
function missingInput(map: MapPlan, values: RunValues): NoMap | undefined {
  const references = referencesOf(map.sources.map(([, source]) => parsed(source)));
  const states = Object.values(values.scopeOf(references).stored.tasks ?? {}).map(({ state }) => state);
  if (states.includes('failed') || states.includes('upstream_failed')) return { ended: 'upstream_failed' };
  return states.every((state) => state === 'success') ? undefined : { ended: 'skipped' };
}

/** Adds the names of the items, where they have such: a shard names its own. */
export async function withKeys(task: TaskPlan, prepared: PreparedMap, values: RunValues, system: System): Promise<PreparedMap> {
  const template = task.map?.key;
  if (template === undefined) return prepared;
  const { source, total, shard } = prepared;
  const from = shard?.offset ?? 0;
  const range = { from, to: from + total };
  const { tasks: _, ...scope } = values.scopeOf(parsed(template).references).stored;
  const atHand = keysAtHand(template, source, range, { ...scope, run: scope.run! }, values);
  if (atHand !== undefined) return { ...prepared, keys: atHand };
  const input = { source, template, scope, ...range };
  const keys = await values.allowance.begin(JSON.stringify(input).length, () =>
    shielded(() => system(`names of the items of ${task.id}`).itemKeys(input)),
  );
  return { ...prepared, keys };
}

/** Undefined where an activity has to do it: a list is stored, or so many names are too much work for a workflow task. */
function keysAtHand(
  template: string,
  source: ItemSource,
  { from, to }: ItemRange,
  scope: Scope,
  { allowance }: RunValues,
): readonly ItemKey[] | undefined {
  const lists: NamedLists[number][] = [];
  for (const [key, list] of source.lists) {
    if ('ref' in list) return undefined;
    lists.push([key, list.value as readonly Json[]]);
  }
  const name = itemNames(template);
  const keys: ItemKey[] = [];
  for (let index = from; index < to; index++) {
    if (allowance.isSpent) return undefined;
    const item = name.needsItem ? itemAt(source, lists, index) : null;
    keys.push(name.of({ ...scope, item, index }, (steps) => allowance.took(steps, 0)));
  }
  return keys;
}

async function concurrencyOf(task: TaskPlan, map: MapPlan, values: RunValues): Promise<number | { readonly failure: Failure }> {
  const { maxConcurrency = MAP_BUILT_IN.maxConcurrency } = map;
  if (typeof maxConcurrency === 'number') return maxConcurrency;
  const answer = await values.expression(maxConcurrency, `${task.id}.maxConcurrency`);
  if ('error' in answer) return expression(`maxConcurrency of task ${task.id}: ${answer.error}`);
  const value = 'value' in answer.output ? answer.output.value : undefined;
  if (typeof value === 'number' && value >= 1) return Math.floor(Math.min(value, 10_000));
  const got = value === undefined ? 'a large value' : JSON.stringify(value).slice(0, 100);
  return expression(`maxConcurrency of task ${task.id} must be a number of at least 1, not ${got}`);
}

/** Undefined where an activity has to do it: a value is stored, or there is more of it than a workflow should hold. */
function listsAtHand(
  task: TaskPlan,
  map: MapPlan,
  values: RunValues,
): { readonly source: ItemSource; readonly total: number } | { readonly failure: Failure } | undefined {
  const meter = values.allowance.meter();
  if (meter === undefined) return undefined;
  try {
    const templates = map.sources.map(([, source]) => parseTemplate(source, { stored: true }));
    const { inline } = values.scopeOf(referencesOf(templates));
    if (inline === undefined) return undefined;
    const found = templates.map((template) => renderTemplate(template, inline, { meter }));
    if (JSON.stringify(found).length > INLINE_LISTS) return undefined;
    const expanded = expandMap(task.id, map, found);
    if ('failure' in expanded) return expanded;
    const { zip, fill, batch } = map;
    const lists = expanded.lists.map(([key, list]) => [key, { value: list as Json }] as const);
    return { source: { zip, fill, batch, lists }, total: expanded.total };
  } catch {
    // What is wrong, or too much work here, the activity says by name.
    return undefined;
  } finally {
    values.allowance.took(meter.used, JSON.stringify(map.sources).length);
  }
}

function storedLists(
  task: TaskPlan,
  map: MapPlan,
  values: RunValues,
  prefix: string,
  system: System,
  inlineLimit: number,
): ReturnType<SystemActivities['expandMap']> {
  const { stored } = values.scopeOf(referencesOf(map.sources.map(([, source]) => parsed(source))));
  const input = { task: task.id, map, scope: stored, prefix, inlineLimit };
  return values.allowance.begin(JSON.stringify(input).length, () => system(`items of ${task.id}`).expandMap(input));
}

/** What cannot be parsed names nothing here; who evaluates it says what is wrong. */
function parsed(template: Json): ParsedTemplate {
  return parseTemplate(template, { stored: true, onError: () => undefined });
}

function referencesOf(templates: readonly ParsedTemplate[]): ParsedTemplate['references'] {
  return mergeReferences(templates.map(({ references }) => references));
}

function expression(message: string): { readonly failure: Failure } {
  return { failure: { kind: 'expression', message } };
}
