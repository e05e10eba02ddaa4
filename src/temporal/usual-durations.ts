import type { RunGateway } from './run-gateway.js';

/** Runs that are looked at, the newest first, and records that are read of all of them together. */
const MAX_RUNS = 10;
const MAX_RECORDS = 20_000;
const PAGE = 1_000;

/**
 * How long each task of a DAG usually takes, in ms: the median of its last successful runs but `runId`, of those tasks that did the
 * work themselves. Empty where there are none.
 * @throws TemporalUnavailableError
 */
export async function usualDurations(
  runs: Pick<RunGateway, 'list' | 'tasks'>,
  { dagId, runId }: { readonly dagId: string; readonly runId: string },
): Promise<{ readonly [taskId: string]: number }> {
  const { items } = await runs.list({ dagId, state: 'success', limit: MAX_RUNS });
  const taken = new Map<string, number[]>();
  let records = 0;
  for (const { run } of items) {
    if (run.runId === runId) continue;
    let after: string | undefined;
    do {
      const page = await runs.tasks(run.runId, { state: 'success', limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const { taskId, startedAt, endedAt, cached } of page?.tasks ?? []) {
        if (startedAt === undefined || endedAt === undefined || cached !== undefined) continue;
        const list = taken.get(taskId) ?? [];
        list.push(endedAt - startedAt);
        taken.set(taskId, list);
      }
      records += page?.tasks.length ?? 0;
      after = page?.more === true ? page.tasks.at(-1)?.taskId : undefined;
    } while (after !== undefined && records < MAX_RECORDS);
    if (records >= MAX_RECORDS) break;
  }
  return Object.fromEntries([...taken].map(([id, list]) => [id, median(list)]));
}

function median(list: number[]): number {
  list.sort((a, b) => a - b);
  const middle = list.length >> 1;
  return list.length % 2 === 1 ? list[middle]! : Math.round((list[middle - 1]! + list[middle]!) / 2);
}
