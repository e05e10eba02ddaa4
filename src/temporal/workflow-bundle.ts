import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';

/** Of the repository, or of `dist` once compiled: both hold `src` and `workflows`. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Where the build puts the bundle: in `dist`, beside the compiled sources. */
export const BUILT_BUNDLE = join(ROOT, 'workflow-bundle.js');

let bundled: Promise<WorkflowBundleOption> | undefined;

/** The workflows as workers load them: the built bundle when there is one, else bundled once per process (seconds). */
export function workflowBundle(): Promise<WorkflowBundleOption> {
  bundled ??= access(BUILT_BUNDLE).then(
    () => ({ codePath: BUILT_BUNDLE }),
    async () => ({ code: await bundleWorkflows() }),
  );
  return bundled;
}

/** Bundles the workflows. @throws when one of them reaches for a module that would break determinism. */
export async function bundleWorkflows(workflowsPath = module('index')): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    logger: new DefaultLogger('WARN'),
    preloadModules: [module('pure')],
    // Sources name each other as `.js`, whether compiled yet or not.
    webpackConfigHook: (config) => ({ ...config, resolve: { ...config.resolve, extensionAlias: { '.js': ['.ts', '.js'] } } }),
  });
  return code;
}

function module(name: string): string {
  return join(ROOT, 'workflows', `${name}.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`);
}
