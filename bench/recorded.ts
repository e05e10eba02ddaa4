import { compile } from '../src/dag/compile.js';
import type { DagPlan } from '../src/dag/plan.js';
import { checkSpecObject } from '../src/spec/check-spec.js';
import { criticalPath, type RecordedGraph } from './graph-file.js';
import type { Outcome } from './outcome.js';
import { verdict } from './outcome.js';
import { progress } from './progress.js';
import { readHistory } from './run-history.js';
import type { Stage } from './stage.js';
import { printTable, time } from './statistics.js';
import { makespanWithoutOverhead } from './virtual-time.js';

const SLOTS = 200;
/** Seconds that a run takes at least, whatever it does. */
const SHORTEST_S = 5;
const TASKS_PER_S = 100;

/**
 * Recorded workflows as DAGs whose tasks sleep their runtime, scaled so that the lower bound of the makespan (critical path, or
 * work / slots) is long enough to be measured. Compared with the same walk without any overhead.
 */
export async function runRecorded(stage: Stage, graphs: readonly RecordedGraph[]): Promise<Outcome[]> {
  const client = await stage.connect();
  const outcomes: Outcome[] = [];
  const rows: string[][] = [];
  for (const [index, graph] of graphs.entries()) {
    const scaled = scale(graph);
    const spec = specOf(`bench_recorded_${index}`, scaled.tasks);
    await stage.rest.put(spec);
    progress(`${graph.name} …`);
    const { runId } = await stage.rest.start(spec.id);
    await stage.rest.finished(runId, scaled.boundMs * 10 + 60_000);
    progress();
    const { ms } = await readHistory(client, runId, 'benchSleep');
    const sleep = new Map(scaled.tasks.map((task) => [task.id, task.ms]));
    const ideal = makespanWithoutOverhead(planOf(spec), (id) => sleep.get(id)!);
    const limit = scaled.boundMs <= SHORTEST_S * 1_000 ? 1.25 : 1.15;
    const outcome: Outcome = {
      name: `${graph.name}: makespan / without overhead`,
      value: ms / ideal,
      limit,
      unit: 'x',
      details: { ms, ideal, boundMs: scaled.boundMs, tasks: scaled.tasks.length },
    };
    // Timers may fire a fraction of a millisecond early.
    const possible: Outcome = {
      name: `${graph.name}: lower bound / makespan`,
      value: scaled.boundMs / ms,
      limit: 1.001,
      unit: 'x',
    };
    outcomes.push(outcome, possible);
    rows.push([
      graph.name,
      String(graph.tasks.length),
      time(scaled.boundMs),
      time(ideal),
      time(ms),
      verdict(outcome),
      verdict(possible),
    ]);
  }
  await client.connection.close();
  printTable(
    `Recorded workflows, ${SLOTS} tasks at a time`,
    ['graph', 'tasks', 'lower bound', 'no overhead', 'measured', 'ratio', 'bound'],
    rows,
  );
  return outcomes;
}

interface SleepingTask {
  readonly id: string;
  readonly ms: number;
  readonly parents: readonly string[];
}

/** A graph with plain names and runtimes in whole milliseconds, long enough to be measured; `boundMs` is what no run of it can beat. */
export function scale(graph: RecordedGraph): { readonly tasks: SleepingTask[]; readonly boundMs: number } {
  const n = graph.tasks.length;
  const work = graph.tasks.reduce((sum, { runtime }) => sum + runtime, 0);
  const bound = Math.max(criticalPath(graph), work / SLOTS);
  const factor = (Math.max(SHORTEST_S, n / TASKS_PER_S) * 1_000) / bound;
  const names = new Map(graph.tasks.map(({ id }, i) => [id, `t${String(i).padStart(5, '0')}`]));
  const tasks = graph.tasks.map(({ id, runtime, parents }) => ({
    id: names.get(id)!,
    ms: Math.round(runtime * factor),
    parents: parents.map((parent) => names.get(parent)!),
  }));
  const rounded = { name: graph.name, tasks: tasks.map(({ id, ms, parents }) => ({ id, runtime: ms, parents })) };
  return { tasks, boundMs: Math.max(criticalPath(rounded), tasks.reduce((sum, { ms }) => sum + ms, 0) / SLOTS) };
}

/** Its spec. */
export function specOf(id: string, tasks: readonly SleepingTask[]) {
  const entries = tasks.map(({ id: task, ms, parents }) => [
    task,
    { type: 'activity', with: { name: 'benchSleep', args: [ms] }, ...(parents.length > 0 && { dependsOn: parents }) },
  ]);
  return { id, maxActiveTasks: SLOTS, tasks: Object.fromEntries(entries) as Record<string, unknown> };
}

/** The very plan that the service walks. */
export function planOf(spec: object): DagPlan {
  const { dag, issues } = checkSpecObject(spec, { ownQueues: ['baton'] });
  if (!dag) throw new Error(`the spec is not valid: ${JSON.stringify(issues.slice(0, 5))}`);
  const compiled = compile(dag, { ownQueues: ['baton'] });
  return compiled.plan(compiled.bodies.map((_, i) => `bodies-${i}`));
}
