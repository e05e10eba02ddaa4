/**
 * `npm test`: installs and builds what is missing, then runs all tests but the long ones. Arguments go to the test runner:
 * `npm test -- test/dag`, `npm test -- --project unit`.
 */
import { join } from 'node:path';
import { main, prepare, root, run } from './bootstrap.mjs';

await main(async () => {
  await prepare();
  const args = process.argv.slice(2);
  const choice = args.some((arg) => arg.startsWith('--project')) ? [] : ['--project', '!long'];
  const child = run(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...choice, ...args]);
  // What failed has been printed by the tests themselves: the closing line stays the last one.
  await child.catch(() => {
    process.exitCode = 1;
  });
});
