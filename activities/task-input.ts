import { type ParsedExpression, parseExpression, type References } from '../src/dag/expression/index.js';
import type { Json } from '../src/dag/json.js';
import { itemAt, type NamedLists } from '../src/dag/map/item-lists.js';
import type { CallItem, ItemSource } from '../src/dag/map/item-source.js';
import type { RetryHookBody, TaskBody } from '../src/dag/plan.js';
import type { Scope, TaskScope } from '../src/dag/scope.js';
import type { BlobRef } from '../src/dag/state.js';
import type { JsonBlobs } from '../src/objects/json-blobs.js';
import { inTurn } from './taking-turns.js';
import type { CallTasks, TaskCall } from './task-call.js';
import { TaskError } from './task-error.js';
import { type PreparedInput, type TaskHandler, templateInput } from './task-handler.js';

/** Stored outputs that one rendering may load: 64 MiB (R15). */
const MAX_LOADED_BYTES = 64 * 1024 * 1024;

/** A body whose templates are parsed on first use, and then kept as long as its blob. */
export class StoredTask {
  private prepared?: PreparedInput;
  private preparedKey?: PreparedInput;

  /** Those between its attempts. */
  readonly hooks?: readonly StoredHook[];

  constructor(readonly body: TaskBody) {
    this.hooks = body.retryHooks?.map((hook) => new StoredHook(hook));
  }

  /** The key of `cache`, where the author gives one. Throws as {@link input}. */
  cacheKey(): PreparedInput | undefined {
    const key = this.body.cache?.key;
    if (key === undefined) return undefined;
    try {
      this.preparedKey ??= templateInput(key);
      return this.preparedKey;
    } catch (error) {
      throw expressionFailure(error);
    }
  }

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

/** A hook between attempts, whose templates are kept in the same way. */
export class StoredHook {
  private prepared?: PreparedInput;
  private parsed?: ParsedExpression | boolean;

  constructor(readonly body: RetryHookBody) {}

  /** Its `when`. Throws ExpressionSyntaxError. */
  get condition(): ParsedExpression | boolean {
    const { when = true } = this.body;
    this.parsed ??= typeof when === 'boolean' ? when : parseExpression(when);
    return this.parsed;
  }

  /** Throws as the engine of expressions does, and what the handler refuses. */
  input(handler: TaskHandler): PreparedInput {
    this.prepared ??= handler.prepare?.(this.body.with) ?? templateInput(this.body.with);
    return this.prepared;
  }
}

/** Reads the body of a task, without a promise where it is at hand; throws, or rejects with, `TaskError` (`blob_missing`). */
export function readTask(bodies: JsonBlobs<ReadonlyMap<string, StoredTask>>, call: TaskCall): StoredTask | Promise<StoredTask> {
  const kept = bodies.atHand(call.body);
  return kept === undefined ? bodies.read(call.body).then((found) => taskIn(found, call)) : taskIn(kept, call);
}

function taskIn(tasks: ReadonlyMap<string, StoredTask> | undefined, call: TaskCall): StoredTask {
  const found = tasks?.get(call.task);
  if (found === undefined) {
    throw new TaskError(
      'BlobMissing',
      `the body of task ${call.task} is not in object ${call.body}; the object store has lost it or this worker uses another store than the service`,
      { kind: 'blob_missing', retryable: false },
    );
  }
  return found;
}

/** Everything the expressions of a task can name; stored outputs are read only where one names them. No promise where none is. */
export function taskScope(
  call: TaskCall,
  references: References,
  outputs: JsonBlobs,
  attempt: number,
  secrets: { readonly [name: string]: string },
): Scope | Promise<Scope> {
  const known = {
    params: call.params ?? {},
    ...(call.run === undefined ? {} : { run: call.run }),
    ...(call.hookOf === undefined ? {} : { task: call.hookOf }),
    ...(call.deadlineOf === undefined ? {} : { deadline: call.deadlineOf }),
    attempt,
    secrets,
  };
  const { tasks, item } = call;
  if (tasks === undefined && item === undefined) return { ...known, tasks: {} };
  const load = async (): Promise<Scope> => ({
    ...known,
    tasks: tasks === undefined ? {} : await loadTasks(tasks, references, outputs),
    ...(item === undefined ? {} : await itemScope(item, references, outputs)),
  });
  return load();
}

/** The `tasks` object of a scope. Throws `TaskError` when stored outputs are missing or too large together. */
export async function loadTasks(
  tasks: CallTasks,
  references: References,
  outputs: JsonBlobs,
): Promise<{ [id: string]: TaskScope }> {
  const namedBut = (other: 'output' | 'items'): Set<string> =>
    new Set(references.tasks.filter((t) => t.field !== 'state' && t.field !== other).map((t) => t.id));
  const outputNamed = namedBut('items');
  const itemsNamed = namedBut('output');
  const entries = Object.entries(tasks);
  const wanted = entries.flatMap(([id, task]): (readonly [string, 'output' | 'items', BlobRef])[] => [
    ...('ref' in task.output && (references.tasksWhole || outputNamed.has(id)) ? [[id, 'output', task.output] as const] : []),
    ...(task.items !== undefined && 'ref' in task.items && (references.tasksWhole || itemsNamed.has(id))
      ? [[id, 'items', task.items] as const]
      : []),
  ]);
  const bytes = wanted.reduce((sum, [, , { size }]) => sum + size, 0);
  if (bytes > MAX_LOADED_BYTES) {
    throw new TaskError(
      'OutputsTooLarge',
      `the outputs that the expressions name (${wanted.map(([id]) => id).join(', ')}) have ${bytes} bytes together, more than ${MAX_LOADED_BYTES}; pass large data as files and give their names on`,
      { kind: 'expression', retryable: false },
    );
  }
  const loaded = new Map(
    await Promise.all(
      wanted.map(async ([id, field, ref]) => [`${field} ${id}`, await loadOutput(id, field, ref, outputs)] as const),
    ),
  );
  return Object.fromEntries(
    entries.map(([id, { state, output, items = { value: [] } }]) => [
      id,
      {
        state,
        output: 'value' in output ? output.value : (loaded.get(`output ${id}`) ?? null),
        items: ('value' in items ? items.value : (loaded.get(`items ${id}`) ?? [])) as Json[],
      },
    ]),
  );
}

/** `item` and `index`, for the item of a map whose expressions name them. Throws `TaskError` when its lists are missing. */
export async function itemScope(
  item: CallItem | undefined,
  references: References,
  outputs: JsonBlobs,
): Promise<Pick<Scope, 'item' | 'index'>> {
  if (item === undefined) return {};
  const { index, value, source } = item;
  if (value !== undefined || source === undefined || !references.item) return { index, item: value ?? null };
  return { index, item: itemAt(source, await loadLists(source, outputs), index) };
}

/** The lists of a map, wherever they are kept. */
export async function loadLists(source: ItemSource, outputs: JsonBlobs): Promise<NamedLists> {
  return Promise.all(
    source.lists.map(
      async ([key, list]) =>
        [key, ('value' in list ? list.value : await loadOutput(key, 'list', list, outputs)) as readonly Json[]] as const,
    ),
  );
}

async function loadOutput(id: string, field: 'output' | 'items' | 'list', output: BlobRef, outputs: JsonBlobs): Promise<Json> {
  const value = await outputs.read(output.ref);
  if (value !== undefined) return value;
  throw new TaskError(
    'BlobMissing',
    `the ${field} of ${field === 'list' ? '' : 'task '}${id} is not in the object store any more (${output.ref}); run that task again`,
    { kind: 'blob_missing', retryable: false },
  );
}

/** Puts values in. Throws `TaskError` (`expression`) where that cannot be done, naming what it is (`with of task load`). */
export function renderInput(input: PreparedInput, scope: Scope, what: string): Json | Promise<Json> {
  return inTurn(() => {
    try {
      return input.render(scope);
    } catch (error) {
      throw expressionFailure(error, what);
    }
  });
}

/** Names what the expression engine throws, and what it stands in; other errors pass. */
export function expressionFailure(error: unknown, what?: string): unknown {
  if (error instanceof TaskError || !(error instanceof Error)) return error;
  if (!/^(Expression|Template)/.test(error.name) && !/^(Expression|Template)/.test(error.constructor.name)) return error;
  const where = (error as { pointer?: unknown }).pointer;
  const place = typeof where === 'string' ? ` (with${where})` : '';
  return new TaskError('ExpressionError', `${what === undefined ? '' : `${what}: `}${error.message}${place}`, {
    kind: 'expression',
    retryable: false,
    cause: undefined,
  });
}
