/** Every workflow of Baton: what the bundle of the workers holds. */
export { dagRun } from './dag-run.workflow.js';
