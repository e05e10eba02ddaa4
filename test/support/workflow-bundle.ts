import type { WorkflowBundleOption } from '@temporalio/worker';
import * as source from '../../src/temporal/workflow-bundle.js';

/** The workflows of the tree: as the set-up of the `temporal` project has bundled them, else bundled once per test file. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const codePath = process.env.BATON_TEST_WORKFLOW_BUNDLE;
  return codePath === undefined ? source.workflowBundle() : { codePath };
}
