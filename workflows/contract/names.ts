/** Task queue of entities and system work: a backlog of runs never delays them (R29). */
export const SYSTEM_QUEUE = 'baton-system';

/** Workflow types as the Web UI shows them. */
export const DAG_RUN = 'dagRun';

export const DAG_ENTITY = 'dagEntity';

export const POOL = 'pool';

export const BACKFILL = 'backfill';

export const RETENTION = 'retention';

/** Id of a DAG's entity workflow (R2): `:` is outside the id alphabet, so nothing can collide with it. */
export const dagEntityId = (dagId: string): string => `dag:${dagId}`;

/** Id of a pool's entity workflow (R2). */
export const poolId = (name: string): string => `pool:${name}`;

/** Id of a backfill's entity workflow (R2). */
export const backfillId = (id: string): string => `backfill:${id}`;

/** Name of the pool of a DAG's active runs: `/` is outside the id alphabet, so that no pool of the user can be meant. */
export const activeRunsPool = (dagId: string): string => `dag/${dagId}`;

/** Id of the Temporal Schedule of a DAG. It appends the nominal time to {@link DagRunInput}'s workflow id, so that ids are those of R2. */
export const dagScheduleId = (dagId: string): string => `dag:${dagId}`;

/** Id of the Temporal Schedule that starts `retention` daily. */
export const RETENTION_ID = 'system:retention';

/** Custom search attributes, registered at boot (design §5). */
export const SEARCH_ATTRIBUTES = {
  DagId: 'KEYWORD',
  DagRunState: 'KEYWORD',
  DagTrigger: 'KEYWORD',
  DagLogicalDate: 'DATETIME',
  DagStartedAt: 'DATETIME',
  DagTags: 'KEYWORD_LIST',
  DagFailedTasks: 'KEYWORD_LIST',
} as const;

/**
 * `DagRunState` of a run that is running and asks somebody to decide: for everything else such a run is `running`. A value and no
 * attribute of its own, since SQL stores have few of those.
 */
export const WAITING_FOR_APPROVAL = 'waiting_for_approval';
