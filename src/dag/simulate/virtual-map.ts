import { parseTemplate } from '../expression/index.js';
import { expandMap } from '../map/expand-map.js';
import { MAP_BUILT_IN, type MapPlan, toleratedFailures } from '../map/map-plan.js';
import { type FinalItemState, type MapRules, MapWalk } from '../map/map-walk.js';
import type { TaskPlan } from '../plan.js';
import type { FinalTaskState, TaskState } from '../state.js';
import type { ScriptedTask, ScriptedWork } from './script.js';
import type { Underway } from './underway.js';

/** What a map needs of the run around it. */
export interface MapHost {
  readonly startItem: (item: number, work: ScriptedWork, done: (state: FinalTaskState) => void) => Underway;
  readonly note: (item: number, state: TaskState) => void;
  readonly done: (state: FinalTaskState) => void;
}

/** A map under way: its items run as the same machine says that the workflow drives. */
export class VirtualMap implements Underway {
  private readonly running = new Map<number, Underway>();
  private readonly rules: MapRules;
  private walk: MapWalk;
  private over = false;
  /** Items whose state was noted, or is known from the attempt before. */
  private readonly known = new Set<number>();

  constructor(
    map: MapPlan,
    private readonly items: readonly ScriptedWork[],
    private readonly host: MapHost,
    /** How the items had ended in the attempt before: those that succeeded are kept, where there are as many now. */
    before: readonly TaskState[] = [],
  ) {
    const { maxConcurrency = MAP_BUILT_IN.maxConcurrency, stop = false } = map;
    this.rules = {
      // An expression has no value here: the built-in stands for it.
      maxConcurrency: typeof maxConcurrency === 'number' ? maxConcurrency : MAP_BUILT_IN.maxConcurrency,
      tolerated: toleratedFailures(map, items.length),
      stopOnFirstFailure: stop,
    };
    const kept = before.length === items.length ? before.map((state) => state === 'success') : [];
    for (const [item, isKept] of kept.entries()) if (isKept) this.known.add(item);
    this.walk = new MapWalk(
      items.length,
      this.rules,
      kept.length === 0 ? undefined : kept.map((isKept) => (isKept ? '1s' : '1.')).join(''),
    );
  }

  /** Starts what may start, and ends the map where nothing is left. */
  launch(): void {
    for (let item = this.walk.next(); item !== undefined; item = this.walk.next()) {
      const started = item;
      this.walk.start(started);
      this.known.add(started);
      this.host.note(started, 'running');
      this.running.set(
        started,
        this.host.startItem(started, this.items[started]!, (state) => this.ended(started, state)),
      );
    }
    if (!this.walk.isDone || this.over) return;
    this.over = true;
    for (let item = 0; item < this.walk.total; item++) if (!this.known.has(item)) this.host.note(item, this.walk.stateOf(item));
    this.host.done(this.walk.outcome()!);
  }

  cancel(): void {
    this.walk.stop();
    this.cancelRunning();
    this.launch();
  }

  /** Goes on from a snapshot of itself. */
  hop(): void {
    const { total, isStopped } = this.walk;
    this.walk = new MapWalk(total, this.rules, this.walk.snapshot());
    if (isStopped) this.walk.stop();
  }

  states(): TaskState[] {
    return Array.from({ length: this.walk.total }, (_, item) => this.walk.stateOf(item));
  }

  private ended(item: number, state: FinalTaskState): void {
    this.running.delete(item);
    this.walk.finish(item, state as FinalItemState);
    this.host.note(item, state);
    if (this.walk.gaveUp) this.cancelRunning();
    this.launch();
  }

  private cancelRunning(): void {
    for (const item of [...this.running.values()]) item.cancel();
  }
}

/** What a map is over: its items, or how it ends without any. */
export function itemsOf(
  { id, map }: TaskPlan,
  { items }: ScriptedTask,
  stateOf: (taskId: string) => TaskState,
): readonly ScriptedWork[] | 'failed' | 'upstream_failed' | 'skipped' {
  const sources = map!.sources.map(([, source]) => parseTemplate(source, { onError: () => undefined }));
  // What is over the output of a task that has none ends as a task behind that one would (R10).
  const missing = sources
    .flatMap(({ references }) => references.tasks)
    .filter(({ field }) => field === 'output')
    .map((reference) => stateOf(reference.id))
    .filter((state) => state !== 'success');
  if (missing.length > 0)
    return missing.includes('failed') || missing.includes('upstream_failed') ? 'upstream_failed' : 'skipped';
  if (items === 'error') return 'failed';
  if (items !== undefined) return items;
  if (!sources.every(({ constant }) => constant)) return [];
  const values = map!.sources.map(([, source]) => source);
  const expanded = expandMap(id, map!, values);
  return 'failure' in expanded ? 'failed' : Array.from({ length: expanded.total }, () => ({}));
}
