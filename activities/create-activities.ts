import type { Json } from '../src/dag/json.js';
import type { BodiesBlob } from '../src/dag/plan.js';
import { JsonBlobs } from '../src/objects/json-blobs.js';
import type { ActivityDeps } from './activity-deps.js';
import { httpHandler } from './handlers/http.js';
import { pythonHandler } from './handlers/python.js';
import { shellHandler } from './handlers/shell.js';
import { sqlHandler } from './handlers/sql.js';
import { waitHandler } from './handlers/wait.js';
import { pollActivity } from './poll-task.js';
import { type TaskRuntime, taskActivity } from './run-task.js';
import { createSystemActivities } from './system-activities.js';
import { TaskError } from './task-error.js';
import type { TaskHandler } from './task-handler.js';
import { StoredTask } from './task-input.js';
import { userActivity } from './user-activity.js';

/** Activities by name, as a Temporal worker takes them. */
export type Activities = { readonly [name: string]: (...args: never[]) => Promise<unknown> };

const DEFAULT_TASK_TYPES: readonly string[] = ['http', 'sql'];

/**
 * Every activity of a worker of ours: task types, activities of the user, and what workflows need. A type that is off
 * fails with kind `type_disabled`, a name nobody has with `unknown_activity`; neither is retried.
 */
export function createActivities(deps: ActivityDeps): Activities {
  const { objects, secrets, worker, cacheBytes } = deps;
  const outputs = new JsonBlobs(objects, cacheBytes);
  const ofTypes = new Map<string, TaskHandler>();
  const ofUser = new Map([...(deps.userActivities ?? [])].map(([name, fn]) => [name, userActivity(name, fn)]));
  const nobody = unknown([...ofUser.keys()]);
  const runtime: TaskRuntime = {
    objects,
    secrets,
    worker,
    outputs,
    bodies: new JsonBlobs(objects, cacheBytes, storedTasks),
    handlerOf: ({ type, with: input }) =>
      (type === 'activity' ? ofUser.get(String((input as { readonly name?: Json }).name)) : ofTypes.get(type)) ?? nobody,
  };
  const enabled = new Set(deps.enabledTaskTypes ?? DEFAULT_TASK_TYPES);
  const handlers: { readonly [type: string]: () => TaskHandler } = {
    http: () => httpHandler(deps.http),
    sql: () => sqlHandler(deps.sql),
    shell: () => shellHandler(deps.shell),
    python: () => pythonHandler(deps.python),
  };
  const activities: { [name: string]: (...args: never[]) => Promise<unknown> } = {};
  const handlerOf = (type: string): TaskHandler => (enabled.has(type) ? handlers[type]!() : disabled(type));
  for (const type of Object.keys(handlers)) ofTypes.set(type, handlerOf(type));
  const polled = { http: handlerOf('http'), sql: handlerOf('sql'), dataFolders: deps.sql?.dataFolders ?? [] };
  activities.wait = pollActivity(waitHandler(polled), runtime);
  for (const [name, handler] of [...ofTypes, ...ofUser]) activities[name] = taskActivity(handler, runtime);
  return {
    ...activities,
    ...createSystemActivities({ objects, temporal: deps.temporal, outputs }),
    // The name under which Temporal calls what has no other.
    default: taskActivity(nobody, runtime),
  };
}

function storedTasks(blob: Json): ReadonlyMap<string, StoredTask> {
  return new Map(Object.entries(blob as unknown as BodiesBlob).map(([id, body]) => [id, new StoredTask(body)]));
}

function disabled(type: string): TaskHandler {
  return refusing(
    'type_disabled',
    'TypeDisabled',
    () => `tasks of type ${type} are off on this worker; the administrator can turn them on (BATON_ENABLE_TASK_TYPES)`,
  );
}

function unknown(known: readonly string[]): TaskHandler {
  return refusing('unknown_activity', 'UnknownActivity', (input) => {
    const name = (input as { readonly name?: Json } | null)?.name;
    return `this worker has no activity ${typeof name === 'string' ? name : 'of that name'}; it has ${known.length === 0 ? 'none' : known.join(', ')}. Let BATON_ACTIVITIES name the module that exports it, or name the queue of a worker that has it`;
  });
}

/** Refuses before the input is rendered: no secret is read for a task that does not run. */
function refusing(kind: 'type_disabled' | 'unknown_activity', type: string, message: (input: Json) => string): TaskHandler {
  return {
    prepare: (input) => {
      throw new TaskError(type, message(input), { kind, retryable: false });
    },
    run: async () => null,
  };
}
