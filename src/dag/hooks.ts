import type { HookSpec, HooksSpec } from './spec.js';

/** One hook with its place in the spec. */
export interface PlacedHook<Name extends string> {
  readonly on: Name;
  readonly hook: HookSpec;
  /** JSON pointer. */
  readonly path: string;
  /** What people and the Web UI call it: `hook exit`, `load hook failure`, in a list `hook exit 2`. No task id has a blank. */
  readonly name: string;
}

/** What the hook of the n-th deadline (from 0) of the DAG, or of a task, is called. */
export const deadlineName = (n: number, task?: string): string =>
  `${task === undefined ? '' : `${task} `}deadline ${n + 1} hook`;

/** The hooks of a DAG or a task, in the order of `names`, lists in their own. `called` begins each name. */
export function placedHooks<Name extends string>(
  hooks: HooksSpec<Name> | null | undefined,
  names: readonly Name[],
  path: string,
  called = 'hook',
): PlacedHook<Name>[] {
  if (hooks === undefined || hooks === null) return [];
  return names.flatMap((on) => {
    const given = hooks[on];
    if (given === undefined) return [];
    if (!Array.isArray(given)) return [{ on, hook: given as HookSpec, path: `${path}/${on}`, name: `${called} ${on}` }];
    return (given as readonly HookSpec[]).map((hook, index) => ({
      on,
      hook,
      path: `${path}/${on}/${index}`,
      name: `${called} ${on} ${index + 1}`,
    }));
  });
}
