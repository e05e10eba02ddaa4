/** Bundles the compiled workflows into the one file that workers load: no bundler runs when a service starts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { root } from './bootstrap.mjs';

const { code } = await bundleWorkflowCode({
  workflowsPath: join(root, 'dist', 'workflows', 'index.js'),
  logger: new DefaultLogger('WARN'),
});
await writeFile(join(root, 'dist', 'workflow-bundle.js'), code);
