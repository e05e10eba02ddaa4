import type { RunSnapshot } from '../contract.js';
import type { RunContext } from './performers.js';
import type { RunLoop } from './run-loop.js';
import { storeRecords } from './stored-records.js';

/** What a new execution of the same run goes on from, with a short history. Nothing is in flight but children, which run on. */
export async function snapshotRun({ input, walk, ledger, earlier, watchers }: RunContext, loop: RunLoop): Promise<RunSnapshot> {
  const hop = (input.carried?.hop ?? 0) + 1;
  const name = `snapshots/${hop}`;
  const moved = ledger.all().filter((record) => record.revision > 0);
  const tasks = await storeRecords(moved, input.prefix, name, 'what the next execution goes on from');
  const { performers } = loop;
  const maps = [...(await performers.maps.snapshot(name)), ...performers.shards.snapshot()];
  const children = performers.snapshotChildren();
  return {
    format: 1,
    states: walk.snapshot(),
    tasks,
    startedAt: ledger.startedAt,
    revision: ledger.revision,
    failFastTripped: walk.failFastTripped,
    stopped: loop.stopped,
    hop,
    ...(maps.length === 0 ? {} : { maps: await storeRecords(maps, input.prefix, `${name}-maps`, 'maps under way') }),
    ...(children.length === 0 ? {} : { children }),
    kept: earlier.snapshot(),
    ...(loop.deadlines.snapshot() === undefined ? {} : { deadlines: loop.deadlines.snapshot() }),
    ...(watchers.snapshot().length === 0 ? {} : { watches: watchers.snapshot() }),
  };
}
