/** Base path of the REST interface; a breaking change of it would get the next number. */
export const API = 'api/v1';

/** Where a run can be read: an address path, for `Location` and links. */
export const runPath = (runId: string): string => `/${API}/runs/${encodeURIComponent(runId)}`;

/** Where a DAG can be read. */
export const dagPath = (dagId: string): string => `/${API}/dags/${encodeURIComponent(dagId)}`;

/** Where a backfill can be read. */
export const backfillPath = (id: string): string => `/${API}/backfills/${encodeURIComponent(id)}`;
