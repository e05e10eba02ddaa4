import type { Json } from '../../../src/dag/json.js';
import type { DagSpec } from '../../../src/dag/spec.js';
import { type Plans, plansOf, type RandomRun } from './random-run.js';

/** Smaller runs that are tried for one that fails, at most: each costs as much as a run. */
const MOST_TRIED = 3_000;

/** A smaller run that still fails: without whatever can be left out of its spec and its script. `fails` is asked for each candidate. */
export function shrunk(run: RandomRun, fails: (run: RandomRun, plans: Plans) => boolean): RandomRun {
  let smallest = run;
  let tried = 0;
  for (let progress = true; progress; ) {
    progress = false;
    // What was no way to leave something out a moment ago is none now: goes on from there.
    for (let at = 0; tried < MOST_TRIED; tried++) {
      const candidate = nth(candidates(smallest), at);
      if (candidate === undefined) break;
      const plans = validPlans(candidate);
      const failed = plans !== undefined && fails(candidate, plans);
      if (failed) smallest = candidate;
      else at++;
      progress ||= failed;
    }
  }
  return smallest;
}

function nth<T>(list: Iterable<T>, at: number): T | undefined {
  let i = 0;
  for (const each of list) if (i++ === at) return each;
  return undefined;
}

function validPlans(run: RandomRun): Plans | undefined {
  try {
    const plans = plansOf(run);
    // A task of type dag without a DAG, or a DAG without a name, is nothing that the shape of a spec allows.
    const isWhole =
      'root' in plans &&
      plans.all.every(({ dagId, tasks }) => {
        return (
          dagId !== undefined && tasks.every(({ sub }) => sub === undefined || sub.plan !== undefined || sub.dag !== undefined)
        );
      });
    return isWhole ? plans : undefined;
  } catch {
    // Something is missing that the shape of a spec promises.
    return undefined;
  }
}

/** The run without one thing, the largest things first. */
function* candidates(run: RandomRun): Generator<RandomRun> {
  const { cancelAtMs, ...endless } = run;
  if (cancelAtMs !== undefined) yield endless;
  for (const id of Object.keys(run.dags)) yield { ...run, dags: without(run.dags, id) };
  for (const spec of smallerSpecs(run.spec)) yield { ...run, spec };
  for (const [id, dag] of Object.entries(run.dags))
    for (const smaller of smallerSpecs(dag)) yield { ...run, dags: { ...run.dags, [id]: smaller } };
  for (const script of smallerValues(run.script as unknown as Json)) yield { ...run, script: script as RandomRun['script'] };
}

function* smallerSpecs(spec: DagSpec): Generator<DagSpec> {
  const json = spec as unknown as Json;
  for (const smaller of withoutTasks(json)) yield smaller as unknown as DagSpec;
  for (const smaller of smallerValues(json)) yield smaller as unknown as DagSpec;
}

/** Without one of its tasks, wherever that is named; tasks of inline SubDAGs included. */
function* withoutTasks(value: Json): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  const { tasks } = value as { readonly tasks?: { readonly [id: string]: Json } };
  for (const id of Object.keys(tasks ?? {})) yield { ...value, tasks: unnamed(without(tasks!, id), id) } as Json;
  for (const [key, each] of Object.entries(value))
    for (const smaller of withoutTasks(each)) yield replaced(value, key, smaller);
}

/** A DAG without one of its tasks, wherever that is named; tasks of SubDAGs may bear the same name. */
export function withoutTask(spec: DagSpec, id: string): DagSpec {
  const rest = Object.entries(without(spec.tasks, id)).map(([name, { with: input, ...task }]) => {
    const { with: own, ...fields } = unnamed({ ...task, with: input } as unknown as Json, id) as { readonly with: Json };
    return [name, { ...fields, ...(input !== undefined && { with: task.type === 'dag' ? input : own }) }];
  });
  return { ...spec, tasks: Object.fromEntries(rest) };
}

/** A value without the name in any list. */
function unnamed(value: Json, name: string): Json {
  if (Array.isArray(value)) {
    const isNamed = (each: Json): boolean => each === name || (each as { readonly task?: Json } | null)?.task === name;
    return value.filter((each) => !isNamed(each)).map((each) => unnamed(each, name));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unnamed(each, name)]));
}

/** A value without one of its parts, or with one part smaller. */
function* smallerValues(value: Json): Generator<Json> {
  if (typeof value === 'number') {
    if (value > 1) yield* [0, 1, value >> 1];
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const entries = Object.entries(value as { readonly [key: string]: Json });
  for (const [key] of entries) yield without(value, key);
  for (const [key, part] of entries) for (const smaller of smallerValues(part)) yield replaced(value, key, smaller);
}

function without<Value extends object>(value: Value, key: string): Value {
  if (Array.isArray(value)) return value.filter((_, i) => String(i) !== key) as Value;
  const { [key as keyof Value]: _, ...rest } = value;
  return rest as Value;
}

function replaced(value: object, key: string, part: Json): Json {
  if (Array.isArray(value)) return value.map((each: Json, i) => (String(i) === key ? part : each));
  return { ...value, [key]: part } as Json;
}
