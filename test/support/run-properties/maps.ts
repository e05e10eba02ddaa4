import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Json } from '../../../src/dag/json.js';
import type { MapPlan } from '../../../src/dag/map/map-plan.js';
import type { ScriptedTask } from '../../../src/dag/simulate.js';
import type { FinalTaskState, TaskState } from '../../../src/dag/state.js';
import { edgeUpstream } from '../../../src/dag/walk-layout.js';
import { isFinal, isTeardown, nameOf, type ObservedRun, ofTasks } from './observed-run.js';

/** Items start once each, in the order of their list, at most `maxConcurrency` at a time, and only while their map runs; none that is kept. */
export function startsItemsInOrder(run: ObservedRun): void {
  const lives = new Map<number, { readonly running: Set<number>; readonly kept: ReadonlySet<number>; next: number }>();
  for (const [i, { task, item, state }] of run.changes.entries()) {
    const name = nameOf(run, task);
    if (item === undefined) {
      if (state === 'running') lives.set(task, { running: new Set(), kept: keptItems(run, task, i), next: 0 });
      else lives.delete(task);
      continue;
    }
    const life = lives.get(task);
    if (life === undefined) {
      // A map that was rewound winds up what still runs of it, but clean-up goes on.
      ok(state !== 'running' || isTeardown(run, task), `item ${item} of ${name} starts while the map does not run`);
      continue;
    }
    if (state !== 'running') {
      life.running.delete(item);
      continue;
    }
    while (life.kept.has(life.next)) life.next++;
    equal(item, life.next++, `items of ${name} start in order`);
    life.running.add(item);
    const most = concurrencyOf(run.plan.tasks[task]!.map!);
    ok(life.running.size <= most, `${life.running.size} items of ${name} run at a time`);
  }
}

/** The results of a map are complete: one for each item, in order, and the map is what they say it is. */
export function completesMaps(run: ObservedRun): void {
  for (const [task, { state, items }] of run.result.tasks.entries()) {
    const { map, sub } = run.plan.tasks[task]!;
    if (map === undefined || items === undefined || !wasSeen(run, task)) continue;
    const name = nameOf(run, task);
    equal(items.length, itemCountOf(map, run.scripts[task]!), `${name} has all its items`);
    const { seen, begun } = lastLife(run, task);
    const told = items.map((_, item) => seen.get(item));
    deepEqual(items, told, `${name} tells of each item what became of it`);
    const failed = items.filter((item) => item === 'failed').length;
    const gaveUp = map.stop === true && failed > toleratedOf(map, items.length);
    const stopped = run.result.stopped !== undefined || run.plan.failFast || mayBeDropped(run, task);
    for (const [item, end] of items.entries())
      ok(
        begun.has(item) || (gaveUp && end === 'skipped') || (stopped && end === 'cancelled'),
        `item ${item} of ${name} is ${end} and never began`,
      );
    const ends = [mapEnd(map, items as readonly FinalTaskState[])];
    if (stopped && ends[0] !== 'failed' && items.includes('cancelled')) ends.push('cancelled');
    ok(ends.includes(state as FinalTaskState), `${name} is ${state}, its items are ${items.join(', ')}`);
    if (sub !== undefined || gaveUp || stopped || run.before !== undefined) continue;
    const alone = items.map((_, item) => itemEnd(run, task, item));
    deepEqual(items, alone, `the items of ${name} end as they would alone`);
  }
}

/** Where the first failure too many ends a map, nothing starts after it, and what runs is cancelled; else every item runs. */
export function givesUpAsTold(run: ObservedRun): void {
  for (const [task, { map }] of run.plan.tasks.entries()) {
    const items = run.result.tasks[task]!.items;
    if (map?.stop !== true || items === undefined) continue;
    let failed = 0;
    for (const change of run.changes) {
      if (change.task !== task) continue;
      if (change.item === undefined) failed = 0;
      else if (change.state === 'failed') failed++;
      else if (change.state === 'running')
        ok(
          failed <= toleratedOf(map, items.length),
          `item ${change.item} of ${nameOf(run, task)} starts after the map gave up`,
        );
    }
  }
}

/** How many items a map has: by its script, or by the lists that are written out. */
export function itemCountOf(map: MapPlan, { items }: ScriptedTask): number {
  if (Array.isArray(items)) return items.length;
  const lengths = map.sources.map(([, source]) => sizeOf(source));
  if (lengths.includes(undefined)) return 0;
  const sizes = lengths as number[];
  const elements = map.zip === true ? Math.max(...sizes) : sizes.reduce((all, size) => all * size, 1);
  return Math.ceil(elements / (map.batch ?? 1));
}

/** How an item ends that nothing stops. */
export function itemEnd({ plan, scripts }: ObservedRun, task: number, item: number): FinalTaskState {
  const { items } = scripts[task]!;
  return workEnd((Array.isArray(items) ? items[item] : undefined) ?? {}, plan.tasks[task]!.activity);
}

/** How scripted work ends after all its attempts. */
export function workEnd(
  { state = 'success', durationMs = 0, failures = 0 }: ScriptedTask,
  limits: { readonly timeoutMs?: number; readonly retry?: { readonly maxAttempts: number } } = {},
): FinalTaskState {
  const late = durationMs > (limits.timeoutMs ?? Infinity);
  return late || failures >= (limits.retry?.maxAttempts ?? 1) ? 'failed' : state;
}

/** What items make of a map that nothing stops. */
export function mapEnd(map: MapPlan, items: readonly FinalTaskState[]): FinalTaskState {
  if (items.filter((item) => item === 'failed').length > toleratedOf(map, items.length)) return 'failed';
  if (items.some((item) => item === 'success' || item === 'failed')) return 'success';
  return items.includes('cancelled') ? 'cancelled' : 'skipped';
}

function sizeOf(source: Json): number | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  return Object.keys(source).length;
}

/** An expression counts as the built-in. */
const concurrencyOf = ({ maxConcurrency = 16 }: MapPlan): number => (typeof maxConcurrency === 'number' ? maxConcurrency : 16);

function toleratedOf({ toleratedCount, toleratedPercentage }: MapPlan, total: number): number {
  const share = toleratedPercentage === undefined ? Infinity : Math.floor((total * toleratedPercentage) / 100);
  const least = Math.min(share, toleratedCount ?? Infinity);
  return least === Infinity ? 0 : least;
}

/** Of the last life of a map: the last state of each item, and which of them have begun, or were kept. */
function lastLife(run: ObservedRun, task: number): { readonly seen: Map<number, TaskState>; readonly begun: Set<number> } {
  const seen = new Map<number, TaskState>();
  const begun = new Set<number>();
  for (const [i, change] of run.changes.entries()) {
    if (change.task !== task) continue;
    if (change.item !== undefined) {
      seen.set(change.item, change.state);
      if (change.state === 'running') begun.add(change.item);
    } else if (!isFinal(change.state)) {
      for (const each of [seen, begun]) each.clear();
      for (const item of change.state === 'running' ? keptItems(run, task, i) : []) {
        seen.set(item, 'success');
        begun.add(item);
      }
    }
  }
  return { seen, begun };
}

/** Which items of a map that begins by that change need not run: they succeeded before, and all that led to them is of then too. */
function keptItems(run: ObservedRun, task: number, by: number): ReadonlySet<number> {
  const items = run.before?.tasks[task]?.items ?? [];
  const { map, upstream = [] } = run.plan.tasks[task]!;
  if (map === undefined || items.length === 0) return new Set();
  const earlier = new Set(
    ofTasks(run.changes.slice(0, by)).flatMap((change) =>
      change.state === 'queued' && change.task === task ? [] : [change.task],
    ),
  );
  const isNew =
    earlier.has(task) || upstream.some((edge) => earlier.has(edgeUpstream(edge)) || isRedone(run, edgeUpstream(edge)));
  const tornDown = run.plan.tasks.some(({ teardown }, at) => teardown?.includes(task) === true && wasSeen(run, at));
  if (isNew || tornDown || items.length !== itemCountOf(map, run.scripts[task]!)) return new Set();
  return new Set(items.flatMap((state, item) => (state === 'success' ? [item] : [])));
}

/** It was not kept: what is kept begins again only when it is taken back, and then is pending first. */
function isRedone(run: ObservedRun, task: number): boolean {
  const first = ofTasks(run.changes).find((change) => change.task === task);
  return first !== undefined && first.state !== 'pending';
}

/** It is not of the attempt before. */
const wasSeen = (run: ObservedRun, task: number): boolean => ofTasks(run.changes).some((change) => change.task === task);

function mayBeDropped({ plan }: ObservedRun, task: number): boolean {
  return plan.tasks.some(({ join }) => join !== undefined && 'minSuccess' in join && join.losers?.includes(task) === true);
}
