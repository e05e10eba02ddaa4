/** `npm run bench`: prepares what is missing, then measures. Arguments go to bench/main.ts. */
import { join } from 'node:path';
import { main, prepare, root, run } from './bootstrap.mjs';

await main(async () => {
  await prepare();
  await run(process.execPath, ['--enable-source-maps', join(root, 'dist', 'bench', 'main.js'), ...process.argv.slice(2)]).catch(
    () => {
      process.exitCode = 1;
    },
  );
});
