import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { compile } from '../../src/dag/compile.js';
import { leftOutTasks } from '../../src/dag/selected-tasks.js';
import { Walk } from '../../src/dag/walk.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';
import type { RunFacts } from '../../workflows/contract.js';
import { runDetails } from '../../workflows/run/details.js';
import { RunLedger } from '../../workflows/run/run-ledger.js';
import type { TaskEnding } from '../../workflows/run/task-ending.js';
import { progressOf } from '../../workflows/run/task-reasons.js';

/**
 * What a task does when its turn comes; `running` = it goes on, `false` = its `when` says no, a `notice` = it is held back. Default: it is
 * a success.
 */
type Ending = Partial<TaskEnding> | 'running' | false | { readonly notice: string };

/** What the Web UI shows of a run whose tasks ended as told, title by title. */
function shown(
  yaml: string,
  endings: { readonly [id: string]: Ending } = {},
  only?: readonly string[],
): { [title: string]: string[] } {
  const { dag, issues } = checkSpecObject({ id: 'x', ...(parse(yaml) as object) }, { ownQueues: ['baton'] });
  if (dag === undefined) throw new Error(JSON.stringify(issues));
  const compiled = compile(dag, { ownQueues: ['baton'] });
  const plan = compiled.plan(compiled.bodies.map(() => 'bodies'));
  const walk = new Walk(plan, undefined, { leftOut: only && leftOutTasks(plan, only) });
  const ledger = new RunLedger({} as RunFacts, plan, walk, 0);
  for (let step = walk.next(); step !== undefined; step = walk.next()) {
    const { task } = step;
    const ending = endings[plan.tasks[task]!.id] ?? {};
    if (step.step === 'when' && ending !== false) walk.admit(task);
    else if (step.step === 'when') walk.finish(task, 'skipped');
    else if (typeof ending === 'object' && 'notice' in ending) ledger.noteNotice(task, ending.notice);
    else {
      walk.start(task);
      ledger.noteChanges(1);
      if (ending === 'running') continue;
      const ended: TaskEnding = { state: 'success', ...(ending as Partial<TaskEnding>) };
      ledger.noteEnding(task, ended);
      walk.finish(task, ended.state, ended.chosen);
    }
    ledger.noteChanges(1);
  }
  return listsOf(runDetails(ledger.head(), ledger, plan, walk));
}

function listsOf(markdown: string): { [title: string]: string[] } {
  const lists: { [title: string]: string[] } = {};
  let title = '';
  for (const paragraph of markdown.split('\n\n')) {
    if (paragraph.startsWith('- ')) lists[title] = paragraph.split('\n').map((line) => line.slice(2).replaceAll('\\', ''));
    else title = paragraph.replaceAll('*', '');
  }
  return lists;
}

const value = (output: unknown): Partial<TaskEnding> => ({ output: { value: output as never } });
const failure = (message: string): Partial<TaskEnding> => ({ state: 'failed', failure: { kind: 'error', message } });

describe('what the Web UI says of a run', () => {
  it('names what failed and why, what did not run after which task, and what is done', () => {
    const yaml = `
      tasks:
        extract: { type: noop }
        load: { type: noop, dependsOn: [extract] }
        publish: { type: noop, dependsOn: [load] }
        tell: { type: noop, dependsOn: [publish] }
        scan: { type: noop, allowFailure: true }`;
    expect(shown(yaml, { load: failure('disk full'), scan: failure('no scanner') })).toEqual({
      Failed: ['load: disk full', 'scan: allowed to fail; no scanner'],
      'Not run, since a task before it failed': ['publish: after load', 'tell: after publish'],
      Done: ['extract'],
    });
  });

  it('tells those that wait for the run before from those that wait for a place', () => {
    const yaml = `
      schedule: "@daily"
      startDate: 2024-01-01
      catchup: true
      tasks:
        load: { type: noop }
        close: { type: noop, dependsOn: [load], dependsOnPast: true }
        report: { type: noop, dependsOn: [load] }`;
    expect(shown(yaml, { close: { notice: 'depends on the past: waits for x' } })).toEqual({
      'Waiting for the run before': ['close: depends on the past: waits for x'],
      Done: ['load', 'report'],
    });
  });

  it('says which way a branch went, and why the rest was skipped', () => {
    const yaml = `
      tasks:
        route: { type: branch, with: { cases: [{ when: true, then: [add] }], default: [empty] } }
        add: { type: noop, dependsOn: [route] }
        empty: { type: noop, dependsOn: [route] }
        reload: { type: noop, dependsOn: [empty] }
        sometimes: { type: noop, when: "\${{ 1 > 2 }}" }
        alarm: { type: noop, dependsOn: [add], triggerRule: one_failed }
        rescue: { type: noop, dependsOn: [{ task: add, on: failure }] }
        quorum: { type: noop, dependsOn: [empty, reload], join: { minSuccess: 1 } }`;
    expect(shown(yaml, { route: { chosen: [1], ...value({ chosen: ['add'] }) }, sometimes: false })).toEqual({
      Skipped: [
        'alarm: by its rule one_failed',
        'empty: not chosen by route',
        'reload: after empty',
        'quorum: its join cannot be met any more',
        'rescue: add did not fail',
        'sometimes: its `when` is false',
      ],
      Done: ['route: chose add', 'add'],
    });
  });

  it('says for which join a task was cancelled', () => {
    const yaml = `
      tasks:
        quick: { type: noop }
        slow: { type: http, with: { url: "https://example.org" } }
        first: { type: noop, dependsOn: [quick, slow], join: { minSuccess: 1, cancelOthers: true } }`;
    expect(shown(yaml, { quick: {}, slow: { state: 'cancelled' } })).toMatchObject({
      Cancelled: ['slow: no longer needed by first'],
    });
  });

  it('says what a wait looks at, what it came to, and why it was skipped', () => {
    const wait = (input: string, fields = '') => `{ type: wait, ${fields} with: ${input} }`;
    const yaml = `
      tasks:
        file: ${wait('{ file: "in/${{ run.ds }}/*.csv", every: 20s }')}
        done: ${wait('{ http: { url: "https://example.org/jobs/7" } }')}
        rows: ${wait('{ sql: { query: "select count(*)\\n  > 0" } }')}
        extras: ${wait('{ file: extras.csv }', 'timeout: 1s, onTimeout: continue,')}
        late: ${wait('{ duration: 1h }', 'timeout: 1m, onTimeout: skip,')}`;
    const running = 'running' as const;
    expect(
      shown(yaml, {
        file: running,
        done: running,
        rows: running,
        extras: value({ timedOut: true }),
        late: { state: 'skipped' },
      }),
    ).toEqual({
      Waiting: [
        'done: for an answer of GET https://example.org/jobs/7, looked at every 30s',
        'file: for the file in/${{ run.ds }}/*.csv, looked at every 20s',
        'rows: for the condition select count(*) > 0, looked at every 30s',
      ],
      Skipped: ['late: its timeout of 1m passed'],
      Done: ['extras: went on after its timeout, not met'],
    });
  });

  it('says who approved, where a result was taken over, how many attempts it took, and what an attempt that ended in a skip said', () => {
    const attempts = (count: number, message?: string) =>
      Array.from({ length: count }, (_, i) => ({
        attempt: i + 1,
        ...(message === undefined ? {} : { failure: { kind: 'error' as const, message } }),
      }));
    const yaml = `
      tasks:
        review: { type: approval, with: { message: "Go?" } }
        fetch: { type: http, with: { url: "https://example.org" } }
        again: { type: http, with: { url: "https://example.org" } }
        addendum: { type: http, with: { url: "https://example.org" } }`;
    expect(
      shown(yaml, {
        review: value({ decision: 'approve', by: 'bob', comment: 'at last' }),
        fetch: { cached: { runId: 'x@1', storedAt: 0 } },
        again: { attempts: attempts(3) },
        addendum: { state: 'skipped', attempts: attempts(1, 'status 404') },
      }),
    ).toEqual({
      Skipped: ['addendum: status 404'],
      Done: ['again: after 3 attempts', 'fetch: taken over from run x@1', 'review: approved by bob: at last'],
    });
  });

  it('says what was left out of a run that is for some tasks', () => {
    const lists = shown('tasks: { a: { type: noop }, b: { type: noop, dependsOn: [a] }, c: { type: noop } }', {}, ['b']);
    expect(lists).toMatchObject({
      Skipped: ['c: not one of the tasks that this run is for, nor needed by them'],
      Done: ['a', 'b'],
    });
  });

  it('says how far a map is', () => {
    const map = (counts: object) => ({ total: 9, counts });
    expect(progressOf(map({ success: 4, failed: 1, running: 2, pending: 2 }))).toBe('5 of 9 items, 1 failed');
    expect(progressOf(map({ success: 9 }))).toBe('9 items');
  });

  it('counts what is more than twenty', () => {
    const tasks = Array.from({ length: 25 }, (_, i) => `  t${i}: { type: noop }`).join('\n');
    expect(shown(`tasks:\n${tasks}`)['Done']?.slice(-2)).toEqual([expect.stringMatching(/^t/), '… and 5 more']);
  });
});
