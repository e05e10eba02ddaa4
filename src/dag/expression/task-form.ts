import { childrenOf, type Node } from './node.js';

/** An id that may follow `tasks.`; all others go into `tasks['…']` (R1). */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Words that CEL keeps for itself: no names, and not after a dot either (R1). */
export const RESERVED_WORDS: ReadonlySet<string> = new Set([
  'as',
  'break',
  'const',
  'continue',
  'else',
  'false',
  'for',
  'function',
  'if',
  'import',
  'in',
  'let',
  'loop',
  'namespace',
  'null',
  'package',
  'prototype',
  'return',
  'true',
  'var',
  'void',
  'while',
  '__proto__',
]);

/** A place where `tasks.` is written in the dot form. */
export interface TaskForm {
  /** What stands after `tasks.`, as long as it could be an id with fields: `my-id.output`. */
  readonly written: string;
  /** Offset of `tasks` in the source. */
  readonly start: number;
  /** It parses as a subtraction: `tasks.my-id` is `tasks.my` minus `id`. */
  readonly subtracts: boolean;
}

/** Whether `tasks.<id>` means the task of that id; else it must be `tasks['<id>']`. */
export function isDotId(id: string): boolean {
  return IDENTIFIER.test(id) && !RESERVED_WORDS.has(id);
}

/** How a task is named in an expression: `tasks.load` or `tasks['my-load']`. */
export function taskForm(id: string): string {
  return isDotId(id) ? `tasks.${id}` : `tasks[${quoted(id)}]`;
}

function quoted(id: string): string {
  return `'${id.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Every dot form in an expression, in order of the source. */
export function taskFormsOf(source: string, root: Node): readonly TaskForm[] {
  const forms = new Map<number, TaskForm>();
  const visit = (node: Node): void => {
    if (node.op === 'field' && node.object.op === 'root' && node.object.name === 'tasks' && !forms.has(node.object.start)) {
      forms.set(node.object.start, {
        written: writtenAt(source, node.end - node.name.length),
        start: node.object.start,
        subtracts: false,
      });
    }
    for (const child of childrenOf(node)) visit(child);
    // A task is an object: whatever is subtracted from it was meant as the rest of its id.
    const form = node.op === 'binary' && node.operator === '-' ? forms.get(minuendTask(node.left) ?? -1) : undefined;
    if (form !== undefined) forms.set(form.start, { ...form, subtracts: true });
  };
  visit(root);
  return [...forms.values()].sort((a, b) => a.start - b.start);
}

/**
 * The right form where a dot form is the wrong one: `tasks['my-id'].output` for `tasks.my-id.output`. `ids` are the tasks
 * that exist: the longest of them that is written there wins. `undefined` when the form is right as it is.
 */
export function correctTaskForm(form: TaskForm, ids: { has(id: string): boolean }): string | undefined {
  for (let end = form.written.length; end > 0; end--) {
    const next = form.written[end];
    if (next !== undefined && next !== '.' && next !== '-') continue;
    const id = form.written.slice(0, end);
    if (ids.has(id)) return isDotId(id) ? undefined : `${taskForm(id)}${form.written.slice(end)}`;
  }
  const [id, ...rest] = form.written.split('.') as [string, ...string[]];
  if (form.subtracts || !isDotId(id)) return [taskForm(id), ...rest].join('.');
  return undefined;
}

/** What could be a task id with its fields, from `start` on. */
export function writtenAt(source: string, start: number): string {
  return (/^[A-Za-z0-9_.-]+/.exec(source.slice(start, start + 160))?.[0] ?? '').replace(/[.-]+$/, '');
}

/** Offset of the `tasks` root when the node is `tasks.a`, or `tasks.a-b`, which is `tasks.a` minus `b`. */
function minuendTask(node: Node): number | undefined {
  let at = node;
  while (at.op === 'binary' && at.operator === '-') at = at.left;
  return at.op === 'field' && at.object.op === 'root' && at.object.name === 'tasks' ? at.object.start : undefined;
}
