/**
 * `npm run demo`: starts everything, sends examples/flights.yaml through the public REST API, shows the run as it goes, and stops
 * what it started. `npm run demo -- --keep` leaves it running until Ctrl-C; `-- examples/other.yaml` runs another example.
 * Where a Baton already answers on the port, that one is used and left alone.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { main, prepare, root, Unready } from './bootstrap.mjs';
import { duration, row, showResult, showTable } from './demo-report.mjs';
import { restClient } from './rest.mjs';
import { findOrStartService } from './service.mjs';

const FINAL = new Set(['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']);

await main(async () => {
  const args = process.argv.slice(2);
  const keep = args.includes('--keep');
  const file = args.find((arg) => !arg.startsWith('-')) ?? join(root, 'examples', 'flights.yaml');
  await prepare();
  const service = await findOrStartService();
  try {
    await demo(restClient(`${service.address}/api/v1`), service.address, resolve(file));
    if (keep) await service.waitUntilStopped();
  } finally {
    await service.stop();
  }
});

async function demo(api, address, file) {
  const text = await readFile(file, 'utf8');
  const dagId = /^id:\s*['"]?([\w.-]+)/m.exec(text)?.[1];
  if (!dagId) throw new Unready(`${file} has no id.`);

  const stored = await api.put(`/dags/${dagId}`, text, 'application/yaml');
  console.log(`PUT  /api/v1/dags/${dagId}        version ${stored.version}`);
  const { runId, links } = await api.post(`/dags/${dagId}/runs`);
  console.log(`POST /api/v1/dags/${dagId}/runs   ${runId}\n`);

  const began = Date.now();
  const total = Object.keys((await api.get(`/dags/${dagId}/graph`)).nodes).length;
  await follow(api, runId, total);

  const run = await api.get(`/runs/${encodeURIComponent(runId)}`);
  const tasks = [];
  for await (const task of api.list(`/runs/${encodeURIComponent(runId)}/tasks`)) tasks.push(task);
  showTable(tasks);
  showResult(run);
  console.log(`\nThe run is ${run.state} after ${duration(Date.now() - began)}.`);
  console.log(`  In the API:             ${address}/api/v1/runs/${encodeURIComponent(runId)}`);
  console.log(`  All calls:              ${address}/api/docs`);
  const temporal = run.links?.temporal ?? links?.temporal;
  if (temporal) console.log(`  In the Temporal Web UI: ${temporal}`);
  if (run.state !== 'success') throw new Unready(`the run ended as ${run.state}: ${run.failure?.message ?? 'see above'}`);
}

/** Prints every task as it ends, from the run's own stream of events, until the run has ended. */
async function follow(api, runId, total) {
  const ended = new Set();
  for await (const { event, data } of api.events(`/runs/${encodeURIComponent(runId)}/events`)) {
    if (event === 'task' && FINAL.has(data.state) && !ended.has(data.taskId)) {
      ended.add(data.taskId);
      console.log(row(data, ended.size, total));
    }
    if (event === 'run' && ['success', 'failed', 'cancelled'].includes(data.state)) return;
  }
}
