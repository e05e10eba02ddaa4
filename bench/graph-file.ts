import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A recorded workflow: tasks with their runtime in seconds and their parents. */
export interface RecordedGraph {
  readonly name: string;
  readonly tasks: readonly { readonly id: string; readonly runtime: number; readonly parents: readonly string[] }[];
}

/** Graphs of a folder, in order of file name; none when there is no such folder. */
export function readGraphs(folder: string): RecordedGraph[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort();
  return files.map((file) => {
    const { tasks } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as RecordedGraph;
    return { name: file.replace(/(\.graph)?\.json$/, ''), tasks };
  });
}

/** The longest chain of runtimes, in seconds. The graph has no cycle. */
export function criticalPath({ tasks }: RecordedGraph): number {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const ends = new Map<string, number>();
  const end = (id: string): number => {
    const known = ends.get(id);
    if (known !== undefined) return known;
    const { runtime, parents } = byId.get(id)!;
    const value = runtime + Math.max(0, ...parents.map(end));
    ends.set(id, value);
    return value;
  };
  return Math.max(...tasks.map(({ id }) => end(id)));
}
