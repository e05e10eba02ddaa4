/** Shapes of DAGs as specs, the same ones that `floor/workflows.ts` has by hand. Every task is one call of `benchNoop`. */
export interface Spec {
  readonly id: string;
  readonly maxActiveTasks: number;
  readonly tasks: Record<string, { type: string; with: unknown; dependsOn?: readonly string[] }>;
}

const name = (index: number): string => `t${String(index).padStart(5, '0')}`;
const noop = (dependsOn?: readonly string[]) => ({
  type: 'activity',
  with: { name: 'benchNoop' },
  ...(dependsOn && { dependsOn }),
});

/** n tasks, one after the other. */
export function chain(id: string, n: number): Spec {
  const tasks: Spec['tasks'] = {};
  for (let i = 0; i < n; i++) tasks[name(i)] = noop(i === 0 ? undefined : [name(i - 1)]);
  return { id, maxActiveTasks: 16, tasks };
}

/** 1 -> n -> 1. */
export function fan(id: string, n: number, maxActiveTasks: number): Spec {
  const tasks: Spec['tasks'] = { first: noop() };
  const middle = Array.from({ length: n }, (_, i) => name(i));
  for (const task of middle) tasks[task] = noop(['first']);
  tasks.last = noop(middle);
  return { id, maxActiveTasks, tasks };
}

/** `depth` layers of `width` tasks; each depends on `links` of the layer above it, all of them when `links` is `width`. */
export function layers(id: string, depth: number, width: number, links: number, maxActiveTasks: number): Spec {
  const tasks: Spec['tasks'] = {};
  for (let layer = 0; layer < depth; layer++) {
    for (let i = 0; i < width; i++) {
      const above = Array.from({ length: links }, (_, k) => name((layer - 1) * width + ((i + k) % width)));
      tasks[name(layer * width + i)] = noop(layer === 0 ? undefined : above);
    }
  }
  return { id, maxActiveTasks, tasks };
}

/** n tasks without dependencies. */
export function wide(id: string, n: number, maxActiveTasks: number): Spec {
  const tasks: Spec['tasks'] = {};
  for (let i = 0; i < n; i++) tasks[name(i)] = noop();
  return { id, maxActiveTasks, tasks };
}
