/** Looks at runs in Temporal's Web UI, as a person would who knows nothing of Baton: what is on the pages is what they have. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BuiltService } from '../support/built-service.js';
import { Browser, CHROMIUM } from '../support/chromium.js';

const FAILING = `
id: nightly
tags: [night]
timeout: 1h
tasks:
  extract: { type: sql, with: { query: select 1 as a } }
  load: { type: sql, dependsOn: [extract], with: { query: select a from nowhere } }
  publish: { type: sql, dependsOn: [load], with: { query: select 2 as b } }
  total: { type: transform, dependsOn: [extract], with: { value: '\${{ tasks.extract.output.nothing }}' } }
  cleanup: { type: sql, dependsOn: [extract], when: '\${{ 1 > 2 }}', with: { query: select 3 as c } }
`;
const WAITING = `
id: scores
tasks:
  extract: { type: sql, with: { query: select 1 as a } }
  score: { type: activity, dependsOn: [extract], queue: gpu, with: { name: scoreAll, args: [] } }
  report: { type: transform, dependsOn: [score], with: { value: done } }
`;

const about =
  CHROMIUM === undefined
    ? 'the Temporal Web UI (skipped: no Chromium here; install one or set CHROMIUM_PATH)'
    : 'the Temporal Web UI';

describe.skipIf(CHROMIUM === undefined)(about, () => {
  let service: BuiltService;
  let browser: Browser;
  /** Address of a run's pages, by DAG. */
  const pages: { [dagId: string]: string } = {};
  /** Address of the waiting run in the API. */
  let waiting: string;

  beforeAll(async () => {
    service = await BuiltService.start();
    browser = await Browser.start();
    for (const [dagId, text] of [
      ['scores', WAITING],
      ['nightly', FAILING],
    ] as const) {
      await service.api.put(`/dags/${dagId}`, text, 'application/yaml');
      const { links } = (await service.api.post(`/dags/${dagId}/runs`, { note: 'for *Ann*' })) as {
        readonly links: { readonly self: string; readonly temporal: string };
      };
      if (dagId === 'scores') waiting = links.self.replace('/api/v1', '');
      pages[dagId] = links.temporal.replace(/\/history$/, '');
    }
  });
  afterAll(async () => {
    await browser?.stop();
    await service?.stop();
  });

  it('tells in the history which task is which, which failed, and why the run failed', async () => {
    await browser.textOf(`${pages['nightly']}/history`, [
      'Failed',
      'dagRun',
      'sql • extract',
      'sql • load',
      'timeout of the run',
      'Local Activity Activity Type storeJson Summary report of the run',
      '2 tasks failed: load (Catalog Error: Table with name nowhere does not exist!',
    ]);
  });

  it('tells in the details what failed and why, what did not run, and what the run is', async () => {
    const text = await browser.textOf(`${pages['nightly']}/user-metadata`, [
      'nightly v1 · manual',
      'DAG nightly, version 1, execution 1',
      'Tags night',
      'Note for *Ann*',
      'failed · 1 success · 2 failed · 1 skipped · 1 upstream_failed',
      'load: Catalog Error: Table with name nowhere does not exist!',
      'total: ',
      'has no key “nothing”',
      'Not run, since a task before it failed publish: after load',
      'Skipped cleanup: its `when` is false',
      'Done extract',
    ]);
    // A list that the Web UI does not take for one shows its dashes.
    expect(text).not.toContain('- load');
  });

  it('tells what a run waits for', async () => {
    // The page asks for the details once, when it is opened.
    await vi.waitUntil(
      async () =>
        ((await service.api.get(`${waiting}/tasks/score`)) as { readonly notice?: string }).notice?.startsWith(
          'no worker on',
        ) === true,
      {
        timeout: 30_000,
        interval: 250,
      },
    );
    await browser.textOf(`${pages['scores']}/user-metadata`, [
      'running · 1 pending · 1 running · 1 success',
      'Waiting for a worker score: no worker on queue gpu since ',
      'Waiting for other tasks report: after score',
      'has queue gpu a worker?',
    ]);
    await browser.textOf(`${pages['scores']}/pending-activities`, ['Scheduled', 'scoreAll', 'Activity ID score']);
  });

  it('finds runs by their search attributes', async () => {
    const workflows = pages['nightly']!.replace(/\/workflows\/.*$/, '/workflows');
    const text = await browser.textOf(
      `${workflows}?query=${encodeURIComponent('DagRunState = "failed" AND DagFailedTasks = "load"')}`,
      ['1 Workflow', 'nightly@', 'Failed', 'dagRun'],
    );
    expect(text).not.toContain('scores@');
  });

  it('shows a DAG in words', async () => {
    const workflows = pages['nightly']!.replace(/\/workflows\/.*$/, '/workflows');
    const found = (await (
      await fetch(
        `${new URL(workflows).origin}/api/v1/namespaces/default/workflows?query=${encodeURIComponent('WorkflowId = "dag:nightly"')}`,
      )
    ).json()) as {
      readonly executions: readonly [{ readonly execution: { readonly runId: string } }];
    };
    await browser.textOf(
      `${workflows}/${encodeURIComponent('dag:nightly')}/${found.executions[0].execution.runId}/user-metadata`,
      ['DAG nightly', 'State active', 'Latest version 1', 'list of versions'],
    );
  });
});
