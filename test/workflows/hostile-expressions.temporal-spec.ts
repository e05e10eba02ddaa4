import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskPlan } from '../../src/dag/plan.js';
import { planOf } from '../support/plan-builder.js';

import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';
import { WORKFLOW_CACHES } from '../support/workflow-caches.js';
import { workflowTasks } from '../support/workflow-tasks.js';
import { AFTER, branchCase, HOSTILE, HOSTILE_PARAMS } from './hostile-cases.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

type Started = Awaited<ReturnType<RunHarness['start']>>;

/** Runs what `start` starts to its end and returns its report, once it is certain that no workflow task of it was tried again. */
async function run(start: () => Promise<Started>, work: (arg: never) => unknown, cache: number, record?: string) {
  const worker = await harness.worker({ work }, { cache });
  return worker.runUntil(async () => {
    const { handle, report } = await start();
    await handle.result().catch(() => undefined);
    const { address } = harness.environment;
    const { troubles } = await workflowTasks(address, handle.workflowId, handle.firstExecutionRunId);
    expect(troubles).toEqual([]);
    if (record !== undefined && cache > 0) await recordHistory(handle, record);
    return report();
  });
}

describe.each(WORKFLOW_CACHES)('expressions as bad as can be, with a workflow cache of $cache,', ({ cache }) => {
  it('fail their own tasks by name, and the run goes on as its rules say', async () => {
    const cases = { ...HOSTILE, ...AFTER };
    const params = Object.fromEntries(Object.keys(HOSTILE_PARAMS).map((name) => [name, {}]));
    const tasks = Object.fromEntries(Object.entries(cases).map(([id, { task }]) => [id, task]));
    const start = () => harness.startSpec({ id: 'test', params, tasks }, { params: HOSTILE_PARAMS });
    const work = (arg: object) => {
      throw new Error(`half: ${Object.keys(arg)[0]}`);
    };
    const report = await run(start, work, cache, 'hostile-expressions');
    const ended = Object.entries(report.tasks).map(([id, { state, failure }]) => [
      id,
      failure === undefined ? state : `${state} ${failure.kind}`,
    ]);
    expect(Object.fromEntries(ended)).toEqual(Object.fromEntries(Object.entries(cases).map(([id, { ends }]) => [id, ends])));
    for (const [id, { field, says = '' }] of Object.entries(HOSTILE)) {
      const message = report.tasks[id]!.failure?.message ?? '';
      expect(message).toContain(says);
      if (field !== undefined) expect(message).toMatch(new RegExp(`^${field.replace(/[[\].]/g, '\\$&')} of task ${id}\\b`));
      expect(message.length).toBeLessThan(2_100);
      expect(message.isWellFormed()).toBe(true);
    }
    expect(report.state).toBe('failed');
  });

  it('fail by name too where no check has seen them: plans are data, and may be older than a check', async () => {
    const broken: { readonly [id: string]: string } = {
      unknown_function: 'nosuch(1)',
      unknown_root: 'somewhere.x',
      open_bracket: '((((',
      open_text: '"abc',
      empty: ' ',
      long: `1${' + 1'.repeat(2_000)}`,
      brackets: `${'('.repeat(2_000)}1${')'.repeat(2_000)}`,
      chain: `params.n${'.a'.repeat(2_000)}`,
      loops: 'params.n.all(a, params.n.all(b, params.n.all(c, params.n.all(d, a + b + c + d >= 0))))',
      pattern: 'params.word.matches("(a{1000}){1000}")',
      secret: 'secrets.TOKEN == "x"',
      number: '1e999 > 1',
      nul: '\u0000',
      half: '\ud800',
    };
    const tasks = Object.entries(broken).flatMap(([id, source]): TaskPlan[] => [
      { id, type: 'noop', when: source },
      { id: `${id}_value`, type: 'transform', value: `\${{ ${source} }}` },
      { id: `${id}_map`, type: 'noop', map: { sources: [['n', `\${{ ${source} }}`]] } },
      { id: `${id}_key`, type: 'noop', map: { sources: [['n', [1]]], key: `\${{ ${source} }}` } },
      { id: `${id}_limit`, type: 'noop', map: { sources: [['n', [1]]], maxConcurrency: source } },
      { id: `${id}_branch`, type: 'branch', branch: { match: 'first', cases: [{ when: source, targets: [] }] } },
    ]);
    const plan = { ...planOf(''), tasks };
    const params = { n: HOSTILE_PARAMS['list']!, word: 'a' };
    const report = await run(
      () => harness.start(plan, { params }),
      () => null,
      cache,
    );
    const others = Object.values(report.tasks).filter(({ state, failure }) => {
      const kind = failure?.kind;
      return state !== 'failed' || (kind !== 'expression' && kind !== 'items_failed');
    });
    expect(others).toEqual([]);
  });

  it('fail a hook alone, and as outputs the run, which still ends in good order', async () => {
    const say = (arg: string, more: object = {}): object => ({
      type: 'activity',
      with: { name: 'work', args: [`\${{ ${arg} }}`] },
      ...more,
    });
    const bad = [
      say('1 / 0'),
      say('1', { when: '${{ params.text }}' }),
      say('1', { when: '${{ 1 / 0 == 1 }}' }),
      say('"said"'),
    ];
    const tasks = { a: { type: 'noop', hooks: { success: bad } } };
    const outputs: readonly (readonly [source: string, says: string])[] = [
      ['1 / 0', 'by zero'],
      ['range(2000).all(a, range(2000).all(b, a + b >= 0))', 'more than 1000000 steps'],
      ['range(40000).map(x, params.text)', 'characters of JSON'],
    ];
    for (const [source, says] of outputs) {
      const said: string[] = [];
      const spec = { id: 'test', params: { text: {} }, tasks, outputs: { n: `\${{ ${source} }}` }, hooks: { failure: bad } };
      const start = () => harness.startSpec(spec, { params: { text: 'x'.repeat(2_000) } });
      const report = await run(start, (what: string) => said.push(what), cache);
      expect(report).toMatchObject({ state: 'failed', failure: { kind: 'output' }, counts: { success: 1 } });
      expect(report.failure!.message).toMatch(/^output n: /);
      expect(report.failure!.message).toContain(says);
      for (const hooks of [report.hooks!, report.tasks['a']!.hooks!])
        expect(hooks.map(({ state, failure }) => [state, failure?.kind])).toEqual([
          ['failed', 'expression'],
          ['failed', 'expression'],
          ['failed', 'expression'],
          ['success', undefined],
        ]);
      expect(said).toEqual(['said', 'said']);
    }
  });

  it('are evaluated in as many workflow tasks as they need, with all that they carry', async () => {
    // Without a cache each of them would be replayed again and again: there some have to do.
    const some = (n: number) => (cache > 0 ? n : Math.ceil(n / 4));
    const many = (n: number, name: string, task: object) =>
      Object.fromEntries(Array.from({ length: some(n) }, (_, i) => [`${name}_${i}`, task]));
    const noop = { type: 'noop' };
    const tell = { type: 'activity', with: { name: 'work', args: ['${{ params.text }}'] } };
    const dear = 'range(300).exists(x, x.a == 1)';
    const sources = Object.fromEntries(Array.from({ length: 16 }, (_, k) => [`k${k}`, `\${{ ${dear} || true ? [] : [] }}`]));
    const whole = 'range(8000).map(x, x).size() > 0';
    const tasks = {
      big: { type: 'activity', with: { name: 'work', args: ['big'] } },
      ...many(5, 'doubled', { type: 'transform', with: { value: `\${{ [0]${'.map(s, [s, s])'.repeat(18)} }}` } }),
      ...many(20, 'pattern', { ...noop, when: "${{ params.word.matches('(?i)(\\\\pL?){200}1') }}" }),
      ...many(60, 'patterns', {
        ...noop,
        when: `\${{ ${Array.from({ length: 15 }, (_, i) => `'a'.matches('(a{9}){9}${i}')`).join(' || ')} }}`,
      }),
      ...many(18, 'hook', { ...noop, hooks: { success: tell } }),
      ...many(10, 'map', { ...noop, expand: sources }),
      ...many(18, 'child', {
        type: 'dag',
        dependsOn: ['big'],
        with: { params: { text: '${{ tasks.big.output }}' }, tasks: { x: noop } },
      }),
      branch: {
        type: 'branch',
        with: { match: 'all', cases: Array.from({ length: 60 }, () => branchCase(whole, 'chosen')) },
      },
      chosen: { ...noop, dependsOn: ['branch'] },
    };
    const outputs = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`o${i}`, `\${{ ${whole} }}`]));
    const params = { text: {}, word: {} };
    const work = (what: string) => (what === 'big' ? 'x'.repeat(some(250_000)) : what.length);
    const given = { text: 'y'.repeat(some(250_000)), word: 'a'.repeat(2_500) };
    const spec = { id: 'test', params, tasks, outputs, maxActiveTasks: 1000 };
    const report = await run(() => harness.startSpec(spec, { params: given }), work, cache);
    const states: { [name: string]: number } = {};
    for (const { taskId, state, failure } of Object.values(report.tasks)) {
      const name = `${taskId.replace(/_\d+$/, '')} ${failure === undefined ? state : failure.kind}`;
      states[name] = (states[name] ?? 0) + 1;
    }
    expect(states).toEqual({
      'big success': 1,
      'doubled success': some(5),
      'pattern expression': some(20),
      'patterns skipped': some(60),
      'hook success': some(18),
      'map skipped': some(10),
      'child success': some(18),
      'branch success': 1,
      'chosen success': 1,
    });
    expect(report.tasks['hook_0']!.hooks).toMatchObject([{ hook: 'success', state: 'success' }]);
    expect(Object.keys(report.outputs ?? {})).toHaveLength(0);
  });
});
