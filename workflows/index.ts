/** Every workflow of Baton, under the name that Temporal knows it by: what the bundle of the workers holds. */
export { backfill } from './backfill.workflow.js';
export { dagEntity } from './dag-entity.workflow.js';
export { dagRun } from './dag-run.workflow.js';
export { pool } from './pool.workflow.js';
export { retention } from './retention.workflow.js';
