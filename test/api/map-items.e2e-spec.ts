import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import { TestService } from '../support/test-service.js';

interface Item {
  readonly index: number;
  readonly key: string;
  readonly state: string;
  readonly output: unknown;
}

describe('items of a map in shards over REST, while it runs', () => {
  let baton: TestService;
  let runId: string;
  beforeAll(async () => {
    baton = await TestService.start({ BATON_ACTIVITIES: fileURLToPath(new URL('activities.mjs', import.meta.url)) });
    // Two shards: of 0 to 499, which all end, and of 500 to 539, of which those from 510 on wait.
    await baton.put(`id: wide
tasks:
  m:
    type: activity
    expand: { n: "\${{ range(540) }}" }
    mapKey: "nr \${{ item.n }}"
    maxConcurrency: 80
    with: { name: belowOrWait, args: ["\${{ item.n }}", 510] }
`);
    runId = (await baton.post('/api/v1/dags/wide/runs')).body.runId;
  });
  afterAll(async () => baton?.stop());

  const path = (query: string): string => `${runPath(runId)}/tasks/m/items?${query}`;
  const indexes = (items: readonly Item[]): number[] => items.map(({ index }) => index);
  const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

  /** All pages to the last one; undefined where one of them was not live. */
  async function walk(query: string): Promise<Item[] | undefined> {
    const items: Item[] = [];
    for (let cursor = ''; ; ) {
      const { status, body } = await baton.get(path(`${query}${cursor}`));
      expect(status).toBe(200);
      if (!body.live) return undefined;
      items.push(...body.items);
      if (body.nextCursor === undefined) return items;
      cursor = `&cursor=${body.nextCursor}`;
    }
  }

  it('are found on some page from the moment they begin, whether their shard runs, is over, or was heard of', async () => {
    let seen: readonly number[] = [];
    await until(async () => {
      const items = await walk('limit=100');
      if (items === undefined) return false;
      const found = indexes(items);
      expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
      // None that was shown is lost, as long as the map runs.
      expect(seen.filter((index) => !found.includes(index))).toEqual([]);
      seen = found;
      return items.filter(({ state }) => state === 'success').length === 510 && found.length === 540;
    });
    expect(seen).toEqual(upTo(0, 540));
  });

  it('are listed in order across shards, by pages of any size, by state, each under its name', async () => {
    const all = (await walk('limit=200'))!;
    expect(indexes(all)).toEqual(upTo(0, 540));
    expect(all[7]).toMatchObject({ index: 7, key: 'nr 7', state: 'success', output: 7 });
    expect(all[539]).toMatchObject({ index: 539, key: 'nr 539', state: 'running', output: null });
    expect(indexes((await walk('limit=7'))!)).toEqual(upTo(0, 540));
    expect(indexes((await walk('state=running&limit=4'))!)).toEqual(upTo(510, 540));
    expect(indexes((await walk('state=success&limit=170'))!)).toEqual(upTo(0, 510));
    expect(await walk('state=failed')).toEqual([]);
    expect((await baton.get(path(''), { accept: 'application/x-ndjson' })).status).toBe(404);
  });

  it('are all there when the run has been cancelled', async () => {
    expect((await baton.post(`${runPath(runId)}/cancel`)).status).toBe(202);
    expect((await baton.ended(runId)).body).toMatchObject({ state: 'cancelled' });
    const all = (await walk('limit=200'))!;
    expect(indexes(all)).toEqual(upTo(0, 540));
    expect(indexes((await walk('state=cancelled'))!)).toEqual(upTo(510, 540));
  });
});
