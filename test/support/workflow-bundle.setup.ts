import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflows } from '../../src/temporal/workflow-bundle.js';

/** Bundles the workflows once per run of the tests: that takes seconds, and each file with a worker needs it. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'baton-bundle-'));
  const file = join(folder, 'workflow-bundle.js');
  await writeFile(file, await bundleWorkflows());
  process.env.BATON_TEST_WORKFLOW_BUNDLE = file;
  return () => rm(folder, { recursive: true, force: true });
}
