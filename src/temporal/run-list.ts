import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { DAG_RUN, SCHEDULED_TIME_ATTRIBUTE, WAITING_FOR_APPROVAL } from '../../workflows/contract.js';
import type { RunState } from '../dag/state.js';
import { decodeRunCursor, encodeRunCursor, type RunCursor } from './list-cursor.js';
import type { RunRow } from './run-row.js';
import type { RunRows } from './run-rows.js';
import { allOf, anyOf, before, type Condition, compare, isNotNull, isNull, oneOf, since } from './visibility-query.js';

/** Which runs to list: `From` inclusive, `To` exclusive. */
export interface RunListInput {
  readonly dagId?: string;
  readonly state?: RunState;
  /** Runs that wait for somebody, those of SubDAGs too: it is their tasks that ask. */
  readonly waitingFor?: RunRow['waitingFor'];
  readonly tag?: string;
  readonly trigger?: string;
  readonly logicalDateFrom?: Date;
  readonly logicalDateTo?: Date;
  readonly startedFrom?: Date;
  readonly startedTo?: Date;
  readonly limit: number;
  readonly cursor?: string;
}

export interface RunListResult {
  readonly items: readonly RunRow[];
  readonly nextCursor?: string;
}

/** So many rows are read and sorted at once; a window of time with more is narrowed first. */
const WINDOW_ROWS = 500;

/**
 * Runs, newest first. A SQL visibility store cannot sort, so a window of time that holds a page is looked for with counts,
 * read whole, and sorted here: about log2 of the number of runs in counts, two calls when all fit.
 * @throws BadCursorError
 */
export async function listRuns(
  client: Client,
  rowsOf: RunRows,
  input: RunListInput,
  windowRows = WINDOW_ROWS,
): Promise<RunListResult> {
  const cursor = input.cursor === undefined ? undefined : decodeRunCursor(input.cursor);
  const filter = filterOf(input);
  const count = async (from: number) => (await client.workflow.count(within(filter, from, cursor))).count;
  const window = within(filter, await findWindow(count, input.limit, cursor, windowRows), cursor);
  const rows = (await readWindow(client, rowsOf, window)).filter((row) => isAfter(row, cursor));
  rows.sort(newestFirst);
  const items = rows.slice(0, input.limit);
  const last = items.at(-1);
  return rows.length > items.length && last
    ? { items, nextCursor: encodeRunCursor({ startedAt: last.startedAt, runId: last.run.runId }) }
    : { items };
}

/**
 * The start (epoch ms, inclusive) of a window that ends at the cursor and holds more than a page, yet not many more than
 * `windowRows`; 0 when everything fits. The guess follows the density of what was counted, held by a bisection.
 */
async function findWindow(
  count: (from: number) => Promise<number>,
  limit: number,
  cursor: RunCursor | undefined,
  windowRows: number,
): Promise<number> {
  let tooMany = { from: 0, rows: await count(0) };
  if (tooMany.rows <= windowRows) return 0;
  const end = cursor?.startedAt ?? Date.now();
  // The cursor's run and those of the same ms are in the window too, and may have been given out already.
  const wanted = limit + 1 + (cursor ? await count(end) : 0);
  const most = Math.max(windowRows, 2 * wanted);
  let tooFew = end + 1;
  for (let width = 3_600_000; width < end; width *= 16) {
    const from = end - width;
    const rows = await count(from);
    if (rows > most) {
      tooMany = { from, rows };
      break;
    }
    if (rows >= wanted) return from;
    tooFew = from;
  }
  for (let step = 0; tooFew - tooMany.from > 1; step++) {
    const guess = Math.round(end - (end - tooMany.from) * ((2 * wanted) / tooMany.rows));
    const inside = step % 2 === 0 && guess > tooMany.from && guess < tooFew;
    const from = inside ? guess : Math.floor((tooMany.from + tooFew) / 2);
    const rows = await count(from);
    if (rows > most) tooMany = { from, rows };
    else if (rows >= wanted) return from;
    else tooFew = from;
  }
  // More runs than a window should hold began within one ms: then it is larger, once.
  return tooMany.from;
}

async function readWindow(client: Client, rows: RunRows, query: Condition): Promise<RunRow[]> {
  const infos: WorkflowExecutionInfo[] = [];
  for await (const info of client.workflow.list({ query, pageSize: WINDOW_ROWS })) infos.push(info);
  return rows.all(infos);
}

function within(filter: Condition, from: number, cursor: RunCursor | undefined): Condition {
  return allOf(
    filter,
    from > 0 ? accepted(since, new Date(from)) : undefined,
    cursor ? accepted(before, new Date(cursor.startedAt + 1)) : undefined,
  );
}

function filterOf(input: RunListInput): Condition {
  const equal = (field: string, value: string | undefined) => (value === undefined ? undefined : compare(field, '=', value));
  return allOf(
    compare('WorkflowType', '=', DAG_RUN),
    // One row per run: continue-as-new leaves one behind each time, children have a parent.
    compare('ExecutionStatus', '!=', 'ContinuedAsNew'),
    input.waitingFor === undefined ? isNull('ParentWorkflowId') : compare('ExecutionStatus', '=', 'Running'),
    input.waitingFor && compare('DagRunState', '=', WAITING_FOR_APPROVAL),
    equal('DagId', input.dagId),
    input.state && stateIs(input.state),
    equal('DagTags', input.tag),
    equal('DagTrigger', input.trigger),
    // What a Schedule started for nothing has lost it.
    isNotNull('DagRunState'),
    input.logicalDateFrom && dated(since, input.logicalDateFrom),
    input.logicalDateTo && dated(before, input.logicalDateTo),
    input.startedFrom && accepted(since, input.startedFrom),
    input.startedTo && accepted(before, input.startedTo),
  );
}

type Bound = (field: string, instant: Date) => Condition;

/** A condition on when a run was accepted. One that a Schedule has started and no worker has looked at has Temporal's own word only. */
const accepted = (bound: Bound, instant: Date): Condition => ownOr('DagStartedAt', 'StartTime', bound, instant);
export const dated = (bound: Bound, instant: Date): Condition =>
  ownOr('DagLogicalDate', SCHEDULED_TIME_ATTRIBUTE, bound, instant);

function ownOr(own: string, others: string, bound: Bound, instant: Date): Condition {
  return anyOf(bound(own, instant), allOf(isNull(own), bound(others, instant)));
}

/** Must say the same as `runState` of run-row.ts. */
function stateIs(state: RunState): Condition {
  switch (state) {
    case 'success':
      return compare('ExecutionStatus', '=', 'Completed');
    case 'cancelled':
      return compare('ExecutionStatus', '=', 'Canceled');
    case 'failed':
      return oneOf('ExecutionStatus', ['Failed', 'Terminated', 'TimedOut']);
    case 'running':
      return allOf(compare('ExecutionStatus', '=', 'Running'), oneOf('DagRunState', [state, WAITING_FOR_APPROVAL]));
    case 'queued':
    case 'paused':
      return allOf(compare('ExecutionStatus', '=', 'Running'), compare('DagRunState', '=', state));
  }
}

function newestFirst(a: RunRow, b: RunRow): number {
  return b.startedAt - a.startedAt || (a.run.runId < b.run.runId ? 1 : -1);
}

function isAfter(row: RunRow, cursor: RunCursor | undefined): boolean {
  if (cursor === undefined) return true;
  return row.startedAt < cursor.startedAt || (row.startedAt === cursor.startedAt && row.run.runId < cursor.runId);
}
