/** Every workflow that Baton's workers carry out, under the name that Temporal knows it by. */
export { dagEntity } from './dag-entity.workflow.js';
export { dagRun } from './dag-run.workflow.js';
export { retention } from './retention.workflow.js';
