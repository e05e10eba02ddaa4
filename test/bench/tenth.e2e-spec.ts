import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureBackfills } from '../../bench/backfills.js';
import { compareWithFloor } from '../../bench/floor-comparison.js';
import { measureLarge } from '../../bench/large.js';
import { measureLatency } from '../../bench/latency.js';
import { kept } from '../../bench/outcome.js';
import { runRecorded } from '../../bench/recorded.js';
import { chain, fan, layers, wide } from '../../bench/shapes.js';
import { Stage } from '../../bench/stage.js';
import { ROOT } from '../support/built-service.js';

/** Times are for `npm run bench` on a quiet machine: here everything has to work, within a limit that only a standstill breaks. */
describe('a tenth of the benchmark', () => {
  let stage: Stage;
  beforeAll(async () => {
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: 'pipe' });
    stage = await Stage.start(join(ROOT, 'dist'));
  });
  afterAll(() => stage?.stop());

  it('runs chains, fans and layers of 1,000 explicit tasks within the limits of histories and memory', async () => {
    const outcomes = await measureLarge(stage, [
      { name: 'chain of 1,000', tasks: 1_000, spec: chain('tenth_chain', 1_000), limitMs: 100_000 },
      { name: '1 -> 998 -> 1', tasks: 1_000, spec: fan('tenth_fan', 998, 200), limitMs: 60_000 },
      { name: '50 layers of 20', tasks: 1_000, spec: layers('tenth_layers', 50, 20, 4, 200), limitMs: 60_000 },
    ]);
    expect(outcomes.filter((outcome) => !kept(outcome))).toEqual([]);
  }, 300_000);

  it('compares with workflows written by hand, every activity counted on both sides', async () => {
    const outcomes = await compareWithFloor(stage, { measured: 1, oftener: 1, warmUp: 1 }, [
      {
        name: 'chain of 5',
        tasks: 5,
        spec: chain('tenth_chain_5', 5),
        floor: [{ name: '', workflow: 'floorChain', args: [5] }],
      },
      {
        name: '1 -> 4 -> 1',
        tasks: 6,
        spec: fan('tenth_fan_4', 4, 16),
        floor: [{ name: '', workflow: 'floorFan', args: [4] }],
      },
      {
        name: '2 layers of 3',
        tasks: 6,
        spec: layers('tenth_layers_2', 2, 3, 3, 16),
        floor: [{ name: '', workflow: 'floorLayers', args: [2, 3] }],
      },
      {
        name: '10 wide',
        tasks: 10,
        spec: wide('tenth_wide', 10, 5),
        floor: [2, 5].map((window) => ({ name: `window ${window}`, workflow: 'floorWide', args: [10, window] })),
      },
    ]);
    expect(outcomes).toHaveLength(4);
    expect(outcomes.every(({ value }) => value > 0)).toBe(true);
  });

  it('compares a backfill with the same runs over REST, every event of backfill and pool counted', async () => {
    const [ratio, events] = await measureBackfills(stage, { intervals: 40, pairs: 1, warmUp: 10 });
    expect(ratio!.value).toBeGreaterThan(0);
    // The beginning of backfill and pool weighs more among few runs.
    expect(kept(events!)).toBe(true);
  }, 120_000);

  it('measures the way from a request to the first line of an activity', async () => {
    const [median] = await measureLatency(stage, 5, 1);
    expect(median!.value).toBeGreaterThan(0);
    expect(median!.value).toBeLessThan(5_000);
  });

  it('never beats the lower bound of a graph', async () => {
    const task = (id: string, runtime: number, parents: readonly string[] = []) => ({ id, runtime, parents });
    const graph = {
      name: 'diamond',
      tasks: [task('a', 1), task('b', 2, ['a']), task('c', 1, ['a']), task('d', 1, ['b', 'c'])],
    };
    const [ratio, possible] = await runRecorded(stage, [graph]);
    expect(ratio!.value).toBeGreaterThanOrEqual(0.999);
    expect(kept(possible!)).toBe(true);
  });
});
