/**
 * The workflow caches that the largest suites of workflows are run with: `npm test` gives their workers a cache, `npm run test:long` none, which
 * replays every workflow at every step and takes as long again. All other suites are run with both each time. See `vitest.config.ts`.
 */
export const WORKFLOW_CACHES: readonly { readonly cache: number }[] =
  process.env['BATON_TEST_WORKFLOW_CACHE'] === '0' ? [{ cache: 0 }] : [{ cache: 100 }];
