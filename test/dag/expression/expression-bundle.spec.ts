import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { bundleWorkflowCode } from '@temporalio/worker';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

it('the language bundles into workflow code, and evaluates in a context that has nothing but what the SDK gives it', async () => {
  // Inside the repository, so that the workflow finds its modules.
  const folder = await mkdtemp(join(root, 'test', '.bundle-'));
  try {
    const workflow = join(folder, 'evaluating.workflow.ts');
    await writeFile(
      workflow,
      `import { evaluateExpression, parseExpression, parseTemplate, renderTemplate } from '../../src/dag/expression/index.js';
      import { validateJson } from '../../src/dag/json-schema.js';
      import { parseDuration } from '../../src/dag/duration.js';
      export async function evaluating(): Promise<unknown> {
        const scope = { params: { list: [1, 2, 3] } };
        return [
          evaluateExpression(parseExpression("params.list.filter(x, x > 1).sum() == 5 && 'abc'.matches('^a')"), scope),
          renderTemplate(parseTemplate({ a: 'n=\${{ params.list.size() }}' }), scope),
          validateJson({ type: 'integer' }, 1),
          parseDuration('1m'),
        ];
      }`,
    );
    const { code } = await bundleWorkflowCode({
      workflowsPath: workflow,
      logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} },
      // The sources are TypeScript that imports with .js.
      webpackConfigHook: (config) => ({ ...config, resolve: { ...config.resolve, extensionAlias: { '.js': ['.ts', '.js'] } } }),
    });
    expect(code.length).toBeGreaterThan(10_000);
    const context = vm.createContext({ __webpack_module_cache__: {}, AsyncLocalStorage, TextEncoder, TextDecoder });
    vm.runInContext(code, context);
    const { importWorkflows } = (context as { __TEMPORAL__: { importWorkflows(): { evaluating(): Promise<unknown> } } })
      .__TEMPORAL__;
    const result = await importWorkflows().evaluating();
    expect(JSON.parse(JSON.stringify(result))).toEqual([true, { a: 'n=3' }, [], 60_000]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
