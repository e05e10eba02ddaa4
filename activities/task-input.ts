import type { References } from '../src/dag/expression/index.js';
import type { Json } from '../src/dag/json.js';
import type { TaskBody } from '../src/dag/plan.js';
import type { Scope, TaskScope } from '../src/dag/scope.js';
import type { OutputValue, TaskState } from '../src/dag/state.js';
import type { JsonBlobs } from '../src/objects/json-blobs.js';
import type { TaskCall } from './task-call.js';
import { TaskError } from './task-error.js';
import { type PreparedInput, type TaskHandler, templateInput } from './task-handler.js';

/** Stored outputs that one rendering may load: 64 MiB (R15). */
const MAX_LOADED_BYTES = 64 * 1024 * 1024;

/** A body whose templates are parsed on first use, and then kept as long as its blob. */
export class StoredTask {
  private prepared?: PreparedInput;

  constructor(readonly body: TaskBody) {}

  /** Throws `TaskError` (`expression`) for a template that does not parse. */
  input(handler: TaskHandler): PreparedInput {
    try {
      this.prepared ??= handler.prepare?.(this.body.with) ?? templateInput(this.body.with);
      return this.prepared;
    } catch (error) {
      throw expressionFailure(error);
    }
  }
}

/** Reads the body of a task; throws `TaskError` (`blob_missing`). */
export async function readTask(bodies: JsonBlobs<ReadonlyMap<string, StoredTask>>, call: TaskCall): Promise<StoredTask> {
  const found = (await bodies.read(call.body))?.get(call.task);
  if (found === undefined) {
    throw new TaskError(
      'BlobMissing',
      `the body of task ${call.task} is not in object ${call.body}; the object store has lost it or this worker uses another store than the service`,
      { kind: 'blob_missing', retryable: false },
    );
  }
  return found;
}

/** Everything the expressions of a task can name; stored outputs are read only where one names them. */
export async function taskScope(
  call: TaskCall,
  references: References,
  outputs: JsonBlobs,
  attempt: number,
  secrets: { readonly [name: string]: string },
): Promise<Scope> {
  return {
    params: call.params ?? {},
    ...(call.run === undefined ? {} : { run: call.run }),
    tasks: call.tasks === undefined ? {} : await loadTasks(call.tasks, references, outputs),
    attempt,
    secrets,
  };
}

/** The `tasks` object of a scope. Throws `TaskError` when stored outputs are missing or too large together. */
export async function loadTasks(
  tasks: { readonly [id: string]: { readonly state: TaskState; readonly output: OutputValue } },
  references: References,
  outputs: JsonBlobs,
): Promise<{ [id: string]: TaskScope }> {
  const named = new Set(references.tasks.filter((t) => t.field !== 'state').map((t) => t.id));
  const entries = Object.entries(tasks);
  const wanted = entries.filter(([id, task]) => 'ref' in task.output && (references.tasksWhole || named.has(id)));
  const bytes = wanted.reduce((sum, [, task]) => sum + ('ref' in task.output ? task.output.size : 0), 0);
  if (bytes > MAX_LOADED_BYTES) {
    throw new TaskError(
      'OutputsTooLarge',
      `the outputs that the expressions name (${wanted.map(([id]) => id).join(', ')}) have ${bytes} bytes together, more than ${MAX_LOADED_BYTES}; pass large data as files and give their names on`,
      { kind: 'expression', retryable: false },
    );
  }
  const loaded = new Map(
    await Promise.all(wanted.map(async ([id, task]) => [id, await loadOutput(id, task.output, outputs)] as const)),
  );
  return Object.fromEntries(
    entries.map(([id, task]) => [
      id,
      { state: task.state, output: 'value' in task.output ? task.output.value : (loaded.get(id) ?? null), items: [] },
    ]),
  );
}

async function loadOutput(id: string, output: OutputValue, outputs: JsonBlobs): Promise<Json> {
  if ('value' in output) return output.value;
  const value = await outputs.read(output.ref);
  if (value !== undefined) return value;
  throw new TaskError(
    'BlobMissing',
    `the output of task ${id} is not in the object store any more (${output.ref}); run that task again`,
    { kind: 'blob_missing', retryable: false },
  );
}

/** Names what the expression engine throws; other errors pass. */
export function expressionFailure(error: unknown): unknown {
  if (error instanceof TaskError || !(error instanceof Error)) return error;
  if (!/^(Expression|Template)/.test(error.name) && !/^(Expression|Template)/.test(error.constructor.name)) return error;
  const where = (error as { pointer?: unknown }).pointer;
  const place = typeof where === 'string' ? ` (with${where})` : '';
  return new TaskError('ExpressionError', `${error.message}${place}`, {
    kind: 'expression',
    retryable: false,
    cause: undefined,
  });
}
