import { DAG_HOOKS, type DagHook, type HookSpec, type HooksSpec } from './spec.js';

/** One hook of a DAG with its place in the spec. */
export interface PlacedHook {
  readonly on: DagHook;
  readonly hook: HookSpec;
  /** JSON pointer. */
  readonly path: string;
  /** What people and the Web UI call it: `hook exit`, and in a list `hook exit 2`. No task id has a blank. */
  readonly name: string;
}

/** All hooks of a DAG, in the order in which they would run. */
export function placedHooks(hooks: HooksSpec | undefined): PlacedHook[] {
  return DAG_HOOKS.flatMap((on) => {
    const given = hooks?.[on];
    if (given === undefined) return [];
    if (!Array.isArray(given)) return [{ on, hook: given as HookSpec, path: `/hooks/${on}`, name: `hook ${on}` }];
    return (given as readonly HookSpec[]).map((hook, index) => ({
      on,
      hook,
      path: `/hooks/${on}/${index}`,
      name: `hook ${on} ${index + 1}`,
    }));
  });
}
