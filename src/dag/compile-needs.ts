import type { NeedsPlan } from './plan.js';
import type { Needs } from './validate/analysis.js';

/** What expressions name, by places in the plan; undefined where they name nothing. */
export function compileNeeds(needs: Needs, index: ReadonlyMap<string, number>): NeedsPlan | undefined {
  const params: true | readonly string[] = needs.paramsWhole ? true : [...needs.params].sort();
  const indexes = (ids: ReadonlySet<string>): number[] => [...ids].map((id) => index.get(id) as number).sort((a, b) => a - b);
  const tasks = indexes(needs.tasks);
  const items = indexes(needs.items);
  const found: NeedsPlan = {
    ...(params === true || params.length > 0 ? { params } : {}),
    ...(needs.run ? { run: true as const } : {}),
    ...(tasks.length > 0 ? { tasks } : {}),
    ...(items.length > 0 ? { items } : {}),
  };
  return Object.keys(found).length === 0 ? undefined : found;
}
