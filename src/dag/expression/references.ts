import { childrenOf, literalText, type Node } from './node.js';

/** The names that expressions may start from. */
export const ROOTS = ['params', 'tasks', 'run', 'item', 'index', 'attempt', 'task', 'secrets'] as const;

/** One task that an expression names. */
export interface TaskReference {
  readonly id: string;
  /** `tasks.id` or `tasks['id']`. */
  readonly form: 'dot' | 'index';
  /** What is read of it, where that is written out: `output`, `state`, `items`, or a mistake. */
  readonly field?: string;
}

/** What one or more expressions name. Lists are sorted and free of duplicates. */
export interface References {
  /** Parameters by name. */
  readonly params: readonly string[];
  /** `params` itself, or with a computed key. */
  readonly paramsWhole: boolean;
  readonly run: boolean;
  /** First fields of `run` that are written out. */
  readonly runFields: readonly string[];
  readonly tasks: readonly TaskReference[];
  /** `tasks` itself, or with a computed key. */
  readonly tasksWhole: boolean;
  readonly item: boolean;
  readonly index: boolean;
  readonly attempt: boolean;
  /** The task whose hook it is. */
  readonly task: boolean;
  readonly secrets: readonly string[];
  /** `secrets` itself, or with a computed key; never allowed. */
  readonly secretsWhole: boolean;
  /** Names that are neither a root nor a variable of a loop. */
  readonly unknown: readonly string[];
}

/** No reference at all. */
export const NO_REFERENCES: References = {
  params: [],
  paramsWhole: false,
  run: false,
  runFields: [],
  tasks: [],
  tasksWhole: false,
  item: false,
  index: false,
  attempt: false,
  task: false,
  secrets: [],
  secretsWhole: false,
  unknown: [],
};

/** The references of all, as one. */
export function mergeReferences(all: Iterable<References>): References {
  const found = new ReferenceCollector();
  for (const references of all) found.add(references);
  return found.result();
}

/** What an expression names. */
export function referencesOf(root: Node): References {
  const found = new ReferenceCollector();
  found.visit(root);
  return found.result();
}

class ReferenceCollector {
  private readonly params = new Set<string>();
  private readonly runFields = new Set<string>();
  private readonly tasks = new Map<string, TaskReference>();
  private readonly secrets = new Set<string>();
  private readonly unknown = new Set<string>();
  private readonly whole = new Set<string>();

  add(other: References): void {
    for (const name of other.params) this.params.add(name);
    for (const name of other.runFields) this.runFields.add(name);
    for (const task of other.tasks) this.addTask(task);
    for (const name of other.secrets) this.secrets.add(name);
    for (const name of other.unknown) this.unknown.add(name);
    if (other.paramsWhole) this.whole.add('params');
    if (other.tasksWhole) this.whole.add('tasks');
    if (other.secretsWhole) this.whole.add('secrets');
    if (other.run) this.whole.add('run');
    if (other.item) this.whole.add('item');
    if (other.index) this.whole.add('index');
    if (other.attempt) this.whole.add('attempt');
    if (other.task) this.whole.add('task');
  }

  visit(node: Node): void {
    // `tasks.a.output.b[i]`: the chain down to its root says what is read; computed keys are expressions of their own.
    const steps: { readonly key: string | undefined; readonly form: 'dot' | 'index' }[] = [];
    let base = node;
    while (base.op === 'field' || base.op === 'index') {
      if (base.op === 'field') steps.unshift({ key: base.name, form: 'dot' });
      else {
        steps.unshift({ key: literalText(base.key), form: 'index' });
        this.visit(base.key);
      }
      base = base.object;
    }
    if (base.op !== 'root') {
      for (const child of childrenOf(base)) this.visit(child);
      return;
    }
    const [first, second] = steps;
    if (first?.key === undefined || base.name === 'item' || base.name === 'index' || base.name === 'attempt')
      this.addWhole(base.name);
    else if (base.name === 'params') this.params.add(first.key);
    else if (base.name === 'secrets') this.secrets.add(first.key);
    else if (base.name === 'tasks')
      this.addTask({ id: first.key, form: first.form, ...(second?.key === undefined ? {} : { field: second.key }) });
    else {
      this.addWhole(base.name);
      if (base.name === 'run') this.runFields.add(first.key);
    }
  }

  result(): References {
    return {
      params: [...this.params].sort(),
      paramsWhole: this.whole.has('params'),
      run: this.whole.has('run'),
      runFields: [...this.runFields].sort(),
      tasks: [...this.tasks.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, task]) => task),
      tasksWhole: this.whole.has('tasks'),
      item: this.whole.has('item'),
      index: this.whole.has('index'),
      attempt: this.whole.has('attempt'),
      task: this.whole.has('task'),
      secrets: [...this.secrets].sort(),
      secretsWhole: this.whole.has('secrets'),
      unknown: [...this.unknown].sort(),
    };
  }

  private addWhole(name: string): void {
    if ((ROOTS as readonly string[]).includes(name)) this.whole.add(name);
    else this.unknown.add(name);
  }

  private addTask(task: TaskReference): void {
    this.tasks.set(JSON.stringify([task.id, task.form, task.field ?? null]), task);
  }
}
