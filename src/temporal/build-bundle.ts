/** Run by the build: bundles the compiled workflows into the one file that workers load. */
import { writeFile } from 'node:fs/promises';
import { BUILT_BUNDLE, bundleWorkflows } from './workflow-bundle.js';

await writeFile(BUILT_BUNDLE, await bundleWorkflows());
