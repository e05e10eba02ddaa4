/**
 * What the world outside may know of the workflows: names, ids, inputs, queries, updates, reports. Types and constants
 * only, so that clients import it without loading workflow code.
 */

export * from './contract/approvals.js';
export * from './contract/awaiting.js';
export * from './contract/backfill.js';
export * from './contract/children.js';
export * from './contract/dag-entity.js';
export * from './contract/items.js';
export * from './contract/names.js';
export * from './contract/pool.js';
export * from './contract/report.js';
export * from './contract/retention.js';
export * from './contract/run.js';
export * from './contract/run-facts.js';
export * from './contract/scheduled-start.js';
export * from './contract/tasks.js';
export * from './contract/triggering.js';
