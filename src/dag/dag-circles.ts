import type { JsonObject } from './json.js';
import { pointer } from './json-pointer.js';
import { type DagSpec, inlineDag, type TaskSpec } from './spec.js';

/** A DAG that a task waits for, in a run of the same date or one that it starts: the whole, or one task of it. */
export interface AwaitedDag {
  readonly dag: string;
  readonly task?: string;
}

/** What matters of a DAG for circles of DAGs that wait for each other. */
export interface WaitingDag {
  readonly id: string;
  /** By id: what each task comes after, in this DAG and in others. */
  readonly tasks: ReadonlyMap<string, { readonly upstream: readonly string[]; readonly awaits: readonly AwaitedDag[] }>;
}

/** What a task waits for in another DAG, or starts there, wherever in the spec it stands. */
export interface DagReference extends AwaitedDag {
  /** JSON pointer of what names the DAG. */
  readonly path: string;
}

/** Larger walks are given up: what they would find, the runs find themselves. Tasks over all DAGs. */
const MAX_TASKS = 200_000;

/**
 * Every task of a spec that waits for a run of another DAG, or starts one, inline SubDAGs included, in order of path; `path` of a wait
 * points to `with.run`, of a trigger to `with`. `sameDate`: of waits those alone that name no other date, of triggers those that wait.
 */
export function dagReferences({ tasks }: Pick<DagSpec, 'tasks'>, { sameDate = false } = {}, path = ''): DagReference[] {
  return Object.keys(tasks)
    .sort()
    .flatMap((id) => {
      const task = tasks[id]!;
      const at = `${path}${pointer('tasks', id)}/with`;
      const inline = inlineDag(task);
      if (inline !== undefined) return dagReferences(inline, { sameDate }, at);
      if (task.type === 'trigger') {
        if (typeof task.with?.dag !== 'string' || (sameDate && task.with.wait === false)) return [];
        return [{ dag: task.with.dag, path: at }];
      }
      const run = task.type === 'wait' ? (task.with?.run as JsonObject | undefined) : undefined;
      if (typeof run?.dag !== 'string') return [];
      const other = run.date !== undefined || run.offset !== undefined || run.window !== undefined || run.latest === true;
      if (sameDate && other) return [];
      return [{ dag: run.dag, ...(typeof run.task === 'string' ? { task: run.task } : {}), path: `${at}/run` }];
    });
}

/** What of a spec matters for circles. A SubDAG written in place counts as the task that holds it. */
export function waitingDag({ id, tasks }: Pick<DagSpec, 'id' | 'tasks'>): WaitingDag {
  return {
    id,
    tasks: new Map(
      Object.entries(tasks).map(([taskId, task]) => [taskId, { upstream: upstreamOf(task), awaits: awaitsOf(taskId, task) }]),
    ),
  };
}

/**
 * A circle of tasks that wait for each other over the borders of DAGs, through the DAG that is given: none of them could ever end. The
 * path of names begins and ends with the same one. Undefined where there is none, or none that runs of the same date are sure to be in.
 * `load` gives the other DAGs as they are now; undefined = there is none.
 */
export async function findDagCircle(
  start: WaitingDag,
  load: (dag: string) => Promise<WaitingDag | undefined>,
): Promise<readonly string[] | undefined> {
  const dags = new Map<string, WaitingDag | undefined>([[start.id, start]]);
  let size = start.tasks.size;
  const done = new Set<string>();
  const onPath = new Map<string, number>();
  const path: Place[] = [];
  // A stack of its own, since chains of tasks are long: each entry is a place and what of it is still to be followed.
  const stack: { readonly place: Place; readonly next: Place[] }[] = [];
  const enter = async (place: Place): Promise<void> => {
    if (!dags.has(place.dag) && size < MAX_TASKS) {
      const loaded = await load(place.dag);
      dags.set(place.dag, loaded);
      size += loaded?.tasks.size ?? 0;
    }
    onPath.set(keyOf(place), path.length);
    path.push(place);
    stack.push({ place, next: behind(dags.get(place.dag), place) });
  };
  await enter({ dag: start.id });
  while (stack.length > 0) {
    const { place, next } = stack.at(-1)!;
    const to = next.pop();
    if (to === undefined) {
      stack.pop();
      path.pop();
      onPath.delete(keyOf(place));
      done.add(keyOf(place));
      continue;
    }
    const at = onPath.get(keyOf(to));
    if (at !== undefined) {
      const circle = [...path.slice(at), to];
      // Within one DAG it is a cycle of its tasks, which is told as such.
      if (circle.some(({ dag }) => dag !== to.dag)) return circle.map(nameOf);
    } else if (!done.has(keyOf(to))) await enter(to);
  }
  return undefined;
}

/** A task, or the end of a whole DAG. */
type Place = AwaitedDag;

const keyOf = ({ dag, task }: Place): string => (task === undefined ? dag : `${dag}/${task}`);
const nameOf = keyOf;

/** What a place comes after; of the end of a DAG: all its tasks. */
function behind(dag: WaitingDag | undefined, { task }: Place): Place[] {
  if (dag === undefined) return [];
  if (task === undefined) return [...dag.tasks.keys()].map((id) => ({ dag: dag.id, task: id }));
  const { upstream = [], awaits = [] } = dag.tasks.get(task) ?? {};
  return [...upstream.map((id) => ({ dag: dag.id, task: id })), ...awaits];
}

function upstreamOf({ dependsOn = [] }: TaskSpec): string[] {
  return dependsOn.map((entry) => (typeof entry === 'string' ? entry : entry.task));
}

function awaitsOf(id: string, task: TaskSpec): readonly AwaitedDag[] {
  const named = dagReferences({ tasks: { [id]: task } }, { sameDate: true }).map(({ path: _, ...awaited }) => awaited);
  return [...named, ...subDagsOf(task)];
}

function subDagsOf(task: TaskSpec): AwaitedDag[] {
  if (task.type !== 'dag') return [];
  const inline = inlineDag(task);
  if (inline !== undefined) return Object.values(inline.tasks).flatMap(subDagsOf);
  return typeof task.with?.dag === 'string' ? [{ dag: task.with.dag }] : [];
}
