/** `npm run docs`: writes what the documentation takes from the code: its tables, and the JSON Schema for editors. */
import { join } from 'node:path';
import { checkNode, install, main, root, run } from './bootstrap.mjs';

await main(async () => {
  checkNode();
  await install();
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  await run(process.execPath, [vitest, 'run', '--project', 'unit', 'test/docs/generated.spec.ts'], {
    env: { ...process.env, UPDATE_DOCS: '1' },
    quiet: true,
  });
});
