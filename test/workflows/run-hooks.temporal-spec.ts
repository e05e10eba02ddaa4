import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/dag/compile.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

const note = (...args: unknown[]): object => ({ type: 'activity', with: { name: 'note', args } });

/** Runs a spec whose one task is `load`, with these hooks; `note` keeps what hooks are called with. */
async function run(
  hooks: object,
  work: () => unknown,
  {
    cache,
    fields = {},
    meanwhile,
    onNote = () => undefined,
  }: {
    readonly cache: number;
    readonly fields?: object;
    readonly meanwhile?: (cancel: () => Promise<unknown>) => Promise<void>;
    readonly onNote?: (...args: unknown[]) => unknown;
  },
) {
  const notes: unknown[][] = [];
  const { dag, issues } = checkSpecObject(
    { id: 'test', hooks, tasks: { load: { type: 'activity', with: { name: 'work' } } }, ...fields },
    { ownQueues: [] },
  );
  expect(issues).toEqual([]);
  const compiled = compile(dag!, { ownQueues: [] });
  const worker = await harness.worker(
    {
      work: work as () => unknown,
      note: (...args: unknown[]) => {
        notes.push(args);
        return onNote(...args);
      },
    },
    { cache },
  );
  return worker.runUntil(async () => {
    const started = await harness.start(compiled.plan(['']), { bodies: compiled.bodies[0] });
    await meanwhile?.(() => started.handle.cancel());
    const closed: unknown = await started.handle.result().catch((error: unknown) => error);
    const name = (expect.getState().currentTestName ?? '').replace(/^.*> /, '');
    if (cache !== 0)
      await recordHistory(
        started.handle,
        `hooks-${name
          .toLowerCase()
          .replace(/[^a-z]+/g, '-')
          .slice(0, 50)}`,
      );
    return { closed, notes, report: await started.report() };
  });
}

describe.each([{ cache: 100 }, { cache: 0 }])('hooks with a workflow cache of $cache', ({ cache }) => {
  it('of a success see what the tasks gave, run one after the other, exit last; one that fails changes nothing', async () => {
    const { closed, notes, report } = await run(
      {
        exit: note('exit', '${{ run.state }}', '${{ run.failure }}', '${{ run.failedTasks }}'),
        success: [note('first', '${{ tasks.load.output.rows }}'), note('second', '${{ run.id }}')],
        failure: note('never'),
        cancel: note('never'),
      },
      () => ({ rows: 3 }),
      {
        cache,
        onNote: (name) => {
          if (name === 'first') throw ApplicationFailure.create({ message: 'nobody listens', type: 'Deaf' });
        },
      },
    );
    expect(closed).toMatchObject({ state: 'success' });
    expect(notes).toEqual([
      ['first', 3],
      ['second', expect.stringMatching(/^test@/)],
      ['exit', 'success', null, []],
    ]);
    expect(report).toMatchObject({ state: 'success', counts: { success: 1 } });
    expect(report.hooks).toMatchObject([
      { hook: 'success', index: 0, state: 'failed', failure: { type: 'Deaf', message: 'nobody listens' } },
      { hook: 'success', index: 1, state: 'success', attempts: [{ attempt: 1 }] },
      { hook: 'exit', state: 'success', startedAt: expect.any(Number), endedAt: expect.any(Number) },
    ]);
  });

  it('of a failure know which tasks failed and why, also when the outputs cannot be computed; when skips one', async () => {
    const hooks = {
      success: note('never'),
      failure: [
        {
          ...note('alarm', '${{ run.failedTasks }}', '${{ run.failure.kind }}: ${{ run.failure.message }}'),
          when: '${{ size(run.failedTasks) > 0 }}',
        },
        { ...note('never'), when: '${{ 1 }}' },
      ],
      exit: note('exit', '${{ run.state }}', '${{ tasks.load.state }}'),
    };
    const broken = await run(
      hooks,
      () => {
        throw new Error('disk gone');
      },
      { cache },
    );
    expect((broken.closed as WorkflowFailedError).cause).toMatchObject({ message: '1 task failed: load (disk gone)' });
    expect(broken.notes).toEqual([
      ['alarm', ['load'], 'tasks: 1 task failed: load (disk gone)'],
      ['exit', 'failed', 'failed'],
    ]);
    expect(broken.report.hooks).toMatchObject([
      { hook: 'failure', index: 0, state: 'success' },
      { hook: 'failure', index: 1, state: 'failed', failure: { kind: 'expression' } },
      { hook: 'exit', state: 'success' },
    ]);
    const outputs = await run(hooks, () => ({}), { cache, fields: { outputs: { n: '${{ tasks.load.output.none }}' } } });
    expect(outputs.notes).toEqual([['exit', 'failed', 'success']]);
    expect(outputs.report).toMatchObject({ state: 'failed', failure: { kind: 'output' } });
    expect(outputs.report.hooks?.[0]).toMatchObject({ hook: 'failure', state: 'skipped' });
  });

  it('of tasks know the task, hold nobody up and change nothing, also where no worker ever took it', async () => {
    const about = note(
      '${{ task.id }}',
      '${{ task.state }}',
      '${{ task.attempts }}',
      '${{ task.failure.kind }}: ${{ task.failure.message }}',
    );
    const work = { type: 'activity', with: { name: 'work' } };
    const tasks = {
      good: {
        ...work,
        hooks: { success: note('good', '${{ tasks.good.output.rows }}', '${{ task.failure }}'), failure: note('never') },
      },
      next: { ...work, dependsOn: ['good'], hooks: { success: [note('fails'), { ...note('never'), when: '${{ false }}' }] } },
      nowhere: { ...work, queue: 'nobody', queueTimeout: '1s', hooks: { failure: about } },
      value: { type: 'transform', with: { value: '${{ 1 / 0 }}' }, hooks: { failure: about } },
      skipped: { ...work, when: false, hooks: { success: note('never'), failure: note('never') } },
    };
    const { closed, notes, report } = await run({ exit: note('exit') }, () => ({ rows: 3 }), {
      cache,
      fields: { tasks, failFast: false },
      onNote: (name) => {
        if (name === 'fails') throw new Error('nobody listens');
      },
    });
    expect((closed as WorkflowFailedError).cause).toMatchObject({ message: expect.stringContaining('2 tasks failed') });
    expect(notes.at(-1)).toEqual(['exit']);
    expect(notes.slice(0, -1).sort()).toEqual([
      ['fails'],
      ['good', 3, null],
      ['nowhere', 'failed', 0, expect.stringMatching(/^queue_timeout: no worker took task nowhere/)],
      ['value', 'failed', 0, expect.stringMatching(/^expression: /)],
    ]);
    expect(report.tasks['good']!.hooks).toMatchObject([{ hook: 'success', state: 'success' }]);
    expect(report.tasks['next']).toMatchObject({
      state: 'success',
      hooks: [
        { hook: 'success', index: 0, state: 'failed', failure: { message: 'nobody listens' } },
        { hook: 'success', index: 1, state: 'skipped' },
      ],
    });
    expect(report.tasks['skipped']).not.toHaveProperty('hooks');
  });

  it('of a cancelled run are run to their end, whoever cancels again', async () => {
    let cancel: () => Promise<unknown> = async () => undefined;
    let running = (): void => {};
    const begun = new Promise<void>((resolve) => (running = resolve));
    const { closed, notes, report } = await run(
      { cancel: note('cancel', '${{ tasks.load.state }}'), exit: note('exit', '${{ run.state }}') },
      async () => {
        running();
        await Context.current().cancelled.catch(() => undefined);
        throw new CancelledFailure('stopped');
      },
      {
        cache,
        meanwhile: async (ask) => {
          cancel = ask;
          await begun;
          await ask();
        },
        onNote: async () => void (await cancel()),
      },
    );
    expect((closed as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(notes).toEqual([
      ['cancel', 'cancelled'],
      ['exit', 'cancelled'],
    ]);
    expect(report.hooks?.map(({ hook, state }) => [hook, state])).toEqual([
      ['cancel', 'success'],
      ['exit', 'success'],
    ]);
  });
});
