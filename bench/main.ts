/**
 * `npm run bench -- floor|latency|large|maps|backfill|wfcommons|all [--pairs 9] [--graphs <folder>]`. Starts its own service and server on free
 * loopback ports in a temporary folder, prints tables, writes bench/results.json, and exits with 1 when a limit was not kept.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBackfills } from './backfills.js';
import { compareWithFloor } from './floor-comparison.js';
import { readGraphs } from './graph-file.js';
import { measureLarge } from './large.js';
import { measureLatency } from './latency.js';
import { measureMaps } from './maps.js';
import { kept, type Outcome, verdict } from './outcome.js';
import { runRecorded } from './recorded.js';
import { Stage } from './stage.js';

const ROOT = process.cwd();
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: '9' },
    // Recorded workflows of WfCommons lie beside the repository, not in it: their licence is another.
    graphs: { type: 'string', default: join(ROOT, '..', 'shared', 'corpus', 'wfcommons') },
  },
});

const PARTS: { readonly [name: string]: (stage: Stage) => Promise<Outcome[]> } = {
  latency: (stage) => measureLatency(stage),
  floor: (stage) => compareWithFloor(stage, { measured: Math.max(7, Number(options.pairs)), warmUp: 4 }),
  wfcommons: async (stage) => {
    const recorded = readGraphs(options.graphs);
    if (recorded.length === 0)
      console.log(`\nNo recorded workflows in ${options.graphs}: only the small graphs of bench/graphs run.`);
    return runRecorded(stage, [...readGraphs(join(ROOT, 'bench', 'graphs')), ...recorded]);
  },
  large: (stage) => measureLarge(stage),
  maps: (stage) => measureMaps(stage),
  backfill: (stage) => measureBackfills(stage),
};

const asked = positionals.length === 0 || positionals.includes('all') ? Object.keys(PARTS) : positionals;
const unknown = asked.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`bench: no ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}, all`);
  process.exit(2);
}

const stage = await Stage.start();
const stop = async (code: number): Promise<never> => {
  await stage.stop();
  process.exit(code);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(130));

const outcomes: Outcome[] = [];
let broken = false;
for (const name of asked) {
  try {
    outcomes.push(...(await PARTS[name]!(stage)));
  } catch (error) {
    // The other parts still say something.
    broken = true;
    console.error(`\nbench ${name} broke off: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
const machine = { node: process.version, cpus: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30) };
writeFileSync(
  join(ROOT, 'bench', 'results.json'),
  `${JSON.stringify({ at: new Date().toISOString(), machine, outcomes }, null, 2)}\n`,
);

const over = outcomes.filter((outcome) => !kept(outcome));
console.log(
  `\n${outcomes.length - over.length} of ${outcomes.length} limits kept on ${machine.cpus} cores, Node ${process.version}.`,
);
for (const outcome of over) console.log(`  ${outcome.name}: ${verdict(outcome)}`);
await stop(broken || over.length > 0 ? 1 : 0);
