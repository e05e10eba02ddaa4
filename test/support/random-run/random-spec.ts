import type { Json } from '../../../src/dag/json.js';
import {
  DAG_HOOKS,
  type DagSpec,
  EDGE_CONDITIONS,
  type EdgeCondition,
  TASK_HOOKS,
  TRIGGER_RULES,
} from '../../../src/dag/spec.js';
import { FINAL_TASK_STATES } from '../../../src/dag/state.js';
import type { Dice } from './dice.js';
import { randomMap } from './random-map.js';

/** What a task is built of, field by field. */
export type Fields = { [name: string]: Json };

/** What random DAGs may have. */
export interface Features {
  /** What makes results depend on who ends first: failFast, timeouts of runs, races between tasks. */
  readonly races: boolean;
  /** Ids of DAGs that SubDAGs may name. */
  readonly dags: readonly string[];
}

/** A timeout that scripted work either keeps by far or misses by far. */
export const TIMEOUT = '500ms';
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];

/** A DAG with anything of the language that decides what runs, when, and what becomes of it. */
export function randomSpec(dice: Dice, id: string, features: Features): DagSpec {
  const params = { yes: { type: 'boolean', default: true }, few: { type: 'integer', default: 2 } };
  const spec: Fields = { id, params, ...limitsOf(dice, features), tasks: randomTasks(dice, 1 + dice.int(10), features, 0) };
  if (dice.chance(10)) spec['defaults'] = randomDefaults(dice);
  if (dice.chance(25)) spec['hooks'] = hooks(dice, DAG_HOOKS);
  return spec as unknown as DagSpec;
}

function limitsOf(dice: Dice, { races }: Features): Fields {
  return {
    ...(dice.chance(60) ? { maxActiveTasks: 1 + dice.int(4) } : {}),
    ...(races && dice.chance(30) ? { failFast: true } : {}),
    ...(races && dice.chance(12) ? { timeout: `${1 + dice.int(60)}ms` } : {}),
  };
}

function randomDefaults(dice: Dice): Json {
  return {
    ...(dice.chance(40) ? { triggerRule: dice.pick(TRIGGER_RULES) } : {}),
    ...(dice.chance(40) ? { allowFailure: true } : {}),
    ...(dice.chance(40) ? { priority: 1 + dice.int(5) } : {}),
    ...(dice.chance(40) ? { retry: { maxAttempts: 2, interval: '1ms' } } : {}),
    ...(dice.chance(40) ? { maxConcurrency: 1 + dice.int(3) } : {}),
    ...(dice.chance(40) ? { onTimeout: dice.pick(['skip', 'continue']) } : {}),
  };
}

/** Tasks depend on those made before them; their names say nothing about that. */
function randomTasks(dice: Dice, size: number, features: Features, depth: number): Fields {
  const names = dice.shuffled(LETTERS.slice(0, size));
  const made = new Map<string, Task>();
  for (const name of names) made.set(name, new Task(dice, features, depth, made));
  for (const [name, task] of made)
    task.chooseTargets([...made].filter(([, other]) => other.direct.has(name)).map(([id]) => id));
  return Object.fromEntries(dice.shuffled([...made]).map(([name, { fields }]) => [name, fields]));
}

class Task {
  readonly fields: Fields = {};
  /** What it depends on by itself. */
  readonly direct = new Set<string>();
  /** All that comes before it. */
  private readonly before = new Set<string>();

  constructor(
    private readonly dice: Dice,
    private readonly features: Features,
    private readonly depth: number,
    made: ReadonlyMap<string, Task>,
  ) {
    const { fields } = this;
    const setups = [...made].filter(([, other]) => other.fields['setup'] === true).map(([name]) => name);
    const tearsDown = dice.chance(setups.length > 0 ? 25 : 1);
    this.depend(made, tearsDown);
    this.chooseType(tearsDown);
    if (tearsDown) {
      const named = dice.some(setups, 60);
      fields['teardown'] = named.length === 0 || dice.chance(15) ? true : named;
    } else {
      if (dice.chance(18)) fields['setup'] = true;
      this.chooseRule();
    }
    if (dice.chance(12)) fields['when'] = dice.chance(70) ? `\${{ params.yes }}` : dice.chance(50);
    if (dice.chance(12)) fields['allowFailure'] = true;
    if (dice.chance(15)) fields['priority'] = 1 + dice.int(5);
    if (dice.chance(8)) fields['hooks'] = hooks(dice, TASK_HOOKS);
  }

  /** Of a branch, once it is known what comes after it. */
  chooseTargets(after: readonly string[]): void {
    const { dice, fields } = this;
    if (fields['type'] !== 'branch') return;
    const cases = Array.from({ length: 1 + dice.int(3) }, () => ({
      when: dice.chance(80) ? `\${{ params.yes }}` : dice.chance(50),
      // biome-ignore lint/suspicious/noThenProperty: a field of the language.
      then: dice.some(after, 50),
    }));
    fields['with'] = {
      ...(dice.chance(40) ? { match: 'all' } : {}),
      cases,
      ...(dice.chance(50) ? { default: dice.some(after, 50) } : {}),
    };
  }

  private depend(made: ReadonlyMap<string, Task>, tearsDown: boolean): void {
    const { dice } = this;
    if (tearsDown && dice.chance(50)) return;
    const upstream = dice.some([...made.keys()], Math.min(70, 170 / Math.max(1, made.size)));
    if (upstream.length === 0) return;
    const edges = upstream.map((name): Json => {
      this.direct.add(name);
      this.before.add(name);
      for (const earlier of made.get(name)!.before) this.before.add(earlier);
      if (tearsDown || !dice.chance(22)) return name;
      const on = dice.chance(70) ? dice.pick(EDGE_CONDITIONS) : dice.some<EdgeCondition>(EDGE_CONDITIONS, 50);
      return { task: name, on: on.length === 0 ? 'success' : on };
    });
    this.fields['dependsOn'] = edges;
  }

  private chooseType(tearsDown: boolean): void {
    const { dice, fields, features, depth } = this;
    const type = tearsDown && dice.chance(70) ? 'activity' : dice.pick(TYPES);
    fields['type'] = type;
    switch (type) {
      case 'dag':
        if (depth < 3 && this.chooseSubDag()) break;
        fields['type'] = 'noop';
        break;
      case 'wait':
        fields['with'] = dice.chance(50) ? { file: 'x' } : { duration: dice.pick(['3ms', '12ms', '2s']) };
        fields['timeout'] = TIMEOUT;
        if (dice.chance(60)) fields['onTimeout'] = dice.pick(['fail', 'skip', 'continue']);
        break;
      case 'trigger': {
        const waits = dice.chance(75);
        fields['with'] = { dag: 'elsewhere', ...(waits ? (dice.chance(25) ? { propagate: false } : {}) : { wait: false }) };
        if (!waits) break;
        if (dice.chance(50)) fields['timeout'] = TIMEOUT;
        if (dice.chance(40)) fields['onTimeout'] = dice.pick(['fail', 'skip', 'continue']);
        break;
      }
      case 'approval':
        this.chooseApproval(!tearsDown);
        break;
      case 'transform':
        fields['with'] = { value: 1 };
        break;
      case 'activity':
        fields['with'] = { name: 'work' };
        if (dice.chance(15)) fields['timeout'] = TIMEOUT;
        break;
      default:
    }
    if (type === 'activity' && dice.chance(20)) fields['retry'] = { maxAttempts: 1 + dice.int(3), interval: '2ms' };
    if (type !== 'wait' && type !== 'trigger' && type !== 'approval' && type !== 'branch' && dice.chance(18))
      Object.assign(fields, randomMap(dice, [...(dice.chance(80) ? this.direct : this.before)], features.races));
  }

  private chooseSubDag(): boolean {
    const { dice, fields, features, depth } = this;
    const name = dice.chance(30) ? dice.pick([...features.dags, 'missing']) : undefined;
    if (depth > 0 && name !== undefined) return false;
    if (name !== undefined) fields['with'] = { dag: name };
    else {
      const tasks = randomTasks(dice, 1 + dice.int(depth === 0 ? 5 : 3), features, depth + 1);
      const { timeout: _, ...limits } = limitsOf(dice, features);
      fields['with'] = { params: { yes: true, few: 1 }, ...limits, tasks };
    }
    if (dice.chance(30)) fields['retry'] = { maxAttempts: 2 + dice.int(2), interval: '2ms' };
    if (features.races && dice.chance(10)) fields['timeout'] = `${1 + dice.int(30)}ms`;
    return true;
  }

  private chooseApproval(goesBack: boolean): void {
    const { dice, fields, before } = this;
    const rewindTo = goesBack && before.size > 0 && dice.chance(75) ? dice.pick([...before]) : undefined;
    fields['with'] = {
      message: 'go on?',
      ...(dice.chance(60) ? { onReject: dice.pick(['fail', 'skip', 'continue']) } : {}),
      ...(rewindTo === undefined ? {} : { rewindTo, maxRewinds: 1 + dice.int(3) }),
    };
    fields['timeout'] = TIMEOUT;
    if (dice.chance(60)) fields['onTimeout'] = dice.pick(['fail', 'skip', 'continue']);
  }

  private chooseRule(): void {
    const { dice, fields, direct } = this;
    if (direct.size > 0 && dice.chance(12)) {
      const join: Fields = { minSuccess: dice.chance(50) ? 1 + dice.int(direct.size) : `${1 + dice.int(100)}%` };
      if (dice.chance(30)) join['eager'] = false;
      else if (this.features.races && dice.chance(60)) join['cancelOthers'] = true;
      fields['join'] = join;
    } else if (direct.size > 0 && dice.chance(10)) {
      // Such a join reads states as they are.
      fields['dependsOn'] = [...direct];
      fields['join'] = joinExpression(dice, [...direct], 0);
    } else if (dice.chance(45)) fields['triggerRule'] = dice.pick(TRIGGER_RULES);
  }
}

/** How often each type is taken. */
const TYPES = [
  ...Array.from({ length: 12 }, () => 'activity' as const),
  ...(['noop', 'noop', 'noop', 'transform', 'branch', 'branch', 'branch'] as const),
  ...(['dag', 'dag', 'dag', 'wait', 'wait', 'trigger', 'approval', 'approval', 'approval'] as const),
];

function joinExpression(dice: Dice, tasks: readonly string[], depth: number): string {
  const state = (): string => `tasks.${dice.pick(tasks)}.state`;
  const part = (): string => `(${joinExpression(dice, tasks, depth + 1)})`;
  const kind = dice.int(depth > 2 ? 4 : 9);
  if (kind < 2) return `${state()} ${dice.pick(['==', '!='])} '${dice.pick(FINAL_TASK_STATES)}'`;
  if (kind === 2) return `${state()} in [${dice.some(FINAL_TASK_STATES, 50).map((each) => `'${each}'`)}]`;
  if (kind === 3) return `${state()} == ${state()}`;
  if (kind === 4) return `!${part()}`;
  if (kind === 5) return `${part()} ? ${part()} : ${part()}`;
  return `${part()} ${dice.pick(['&&', '||'])} ${part()}`;
}

function hooks(dice: Dice, names: readonly string[]): Json {
  const hook = (): Json => ({
    type: 'activity',
    with: { name: 'tell' },
    ...(dice.chance(20) ? { when: dice.chance(50) ? dice.chance(50) : `\${{ params.yes }}` } : {}),
    ...(dice.chance(20) ? { retry: { maxAttempts: 2, interval: '1ms' } } : {}),
  });
  return Object.fromEntries(dice.some(names, 60).map((name) => [name, dice.chance(70) ? hook() : [hook(), hook()]]));
}
