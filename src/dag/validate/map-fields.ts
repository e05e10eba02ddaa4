import { expressionSource, parseTemplate } from '../expression/index.js';
import type { Json, JsonObject } from '../json.js';
import { pointer } from '../json-pointer.js';
import { expandMap } from '../map/expand-map.js';
import type { TaskSpec } from '../spec.js';
import { type Checking, taskOf } from './checking.js';
import { effective, MAP_FIELDS } from './effective.js';
import { checkTemplate, type IsUpstream, NeedsCollector, type Place } from './expressions.js';

/** Keys of `expand` or `zip`, at most: the items are their product. */
const MAX_KEYS = 16;
const MAX_KEY_LENGTH = 128;

/** The run itself waits for them, and they are answered by the name of their task. */
const NOT_MAPPED: ReadonlySet<TaskSpec['type']> = new Set(['wait', 'approval', 'trigger']);

/** Whether the task runs once for each item of a list. */
export function isMapped(task: TaskSpec): boolean {
  return task.expand !== undefined || task.zip !== undefined;
}

/** What makes a task a map, and what means something only there (R10). */
export function checkMaps(checking: Checking): void {
  const { ids, issues, faults, spec } = checking;
  for (const id of ids) {
    const task = taskOf(spec, id);
    if (task === undefined) continue;
    const path = pointer('tasks', id);
    if (task.expand !== undefined && task.zip !== undefined)
      issues.error('not_allowed_with', `${path}/zip`, "'zip' and 'expand' exclude each other: a map is one or the other");
    if (task.zipFill !== undefined && task.zip === undefined && !faults.mapped.has(id))
      issues.error('not_allowed_with', `${path}/zipFill`, "'zipFill' means something only beside 'zip'");
    if (isMapped(task)) {
      if (NOT_MAPPED.has(task.type))
        issues.error(
          'not_allowed_with',
          `${path}/${task.expand === undefined ? 'zip' : 'expand'}`,
          `a task of type ${task.type} cannot be a map; put it into a SubDAG, and map that`,
        );
      if (checkSources(checking, task.expand ?? {}, `${path}/expand`) && checkSources(checking, task.zip ?? {}, `${path}/zip`))
        checkLength(checking, id, task, path);
      continue;
    }
    for (const name of faults.mapped.has(id) ? [] : MAP_FIELDS) {
      if (task[name] === undefined || task[name] === null) continue;
      issues.error('not_allowed_with', `${path}/${name}`, `'${name}' means something only for maps: beside 'expand' or 'zip'`);
    }
  }
}

/** Every expression that makes the items and names them. What they need is not sent with the items. */
export function checkMapExpressions(
  checking: Checking,
  isUpstream: IsUpstream,
  id: string,
  task: TaskSpec,
  path: string,
): void {
  const unused = new NeedsCollector(checking);
  const check = (value: Json, at: string, place: Partial<Place>): void => {
    checkTemplate(checking, isUpstream, value, at, { name: 'with', task: id, secrets: 'walk', ...place }, unused);
  };
  if (task.expand !== undefined) check(task.expand, `${path}/expand`, { name: 'expand' });
  if (task.zip !== undefined) check(task.zip, `${path}/zip`, { name: 'zip' });
  const { mapKey, maxConcurrency } = effective(checking.spec.defaults, task);
  const where = (name: 'mapKey' | 'maxConcurrency'): string =>
    task[name] === undefined ? `/defaults/${name}` : `${path}/${name}`;
  if (mapKey !== undefined) check(mapKey, where('mapKey'), { name: 'mapKey', item: true, noTasks: true });
  if (typeof maxConcurrency === 'string') check(maxConcurrency, where('maxConcurrency'), { name: 'maxConcurrency' });
}

function checkSources({ issues }: Checking, sources: JsonObject, path: string): boolean {
  const keys = Object.keys(sources).sort();
  let fine = true;
  const refuse = (code: 'invalid_value' | 'wrong_type', at: string, message: string): void => {
    issues.error(code, at, message);
    fine = false;
  };
  if (keys.length > MAX_KEYS) refuse('invalid_value', path, `${keys.length} keys; at most ${MAX_KEYS} are allowed`);
  for (const key of keys) {
    const source = sources[key] as Json;
    if (key === '' || key.length > MAX_KEY_LENGTH)
      refuse('invalid_value', path + pointer(key), `a key has 1 to ${MAX_KEY_LENGTH} characters`);
    else if (
      typeof source === 'string' ? expressionSource(source) === undefined : typeof source !== 'object' || source === null
    )
      refuse('wrong_type', path + pointer(key), 'must be a list, a map, or one expression "${{ ... }}" that gives one');
  }
  return fine;
}

/** Lists that are written out are counted now. */
function checkLength({ issues, spec }: Checking, id: string, task: TaskSpec, path: string): void {
  const field = task.zip === undefined ? 'expand' : 'zip';
  const sources = Object.entries(task[field] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (sources.length === 0) {
    issues.error('invalid_value', `${path}/${field}`, `'${field}' is empty; write {key: list}`);
    return;
  }
  if (!sources.every(([, source]) => parseTemplate(source, { onError: () => undefined }).constant)) return;
  const { maxMapLength, itemBatchSize } = effective(spec.defaults, task);
  const expanded = expandMap(
    id,
    {
      sources,
      ...(task.zip === undefined ? {} : { zip: true as const }),
      ...(task.zipFill === undefined ? {} : { fill: { value: task.zipFill } }),
      ...(maxMapLength === undefined ? {} : { maxLength: maxMapLength }),
      ...(itemBatchSize === undefined ? {} : { batch: itemBatchSize }),
    },
    sources.map(([, source]) => source),
  );
  if ('failure' in expanded) issues.error('invalid_value', `${path}/${field}`, expanded.failure.message);
}
