import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Pure computation: without a word of it Vitest leaves one core to itself, which is half of two. */
const allCores = { maxWorkers: availableParallelism() };

/** Much of what happens on real servers is that something is waited for. */
const threeAtATime = { maxWorkers: 3, pool: 'forks' as const };
/** What measures, or takes all of the machine. */
const oneAtATime = { fileParallelism: false, pool: 'forks' as const };
/** What is awaited on a real server comes when it comes: on a loaded machine not within the second that is the default. */
const patient = { expect: { poll: { timeout: 20_000 } } };
const temporaryFolder = 'test/support/temporary-folder.setup.ts';
const temporalBinary = [temporaryFolder, 'test/support/temporal-binary.setup.ts'];

/** Suites of workflows that are as long again without a workflow cache: see `test/support/workflow-caches.ts`. */
const withoutCache = [
  'active-runs',
  'backfills',
  'children',
  'dag-run',
  'dag-run-maps',
  'deadlines',
  'hostile-expressions',
  'kept-items',
  'retry-hooks',
  'rewinds',
].map((name) => `test/workflows/${name}.temporal-spec.ts`);
/** What keeps to a time that can only be measured where nothing else runs. */
const timed = ['test/api/bad-specs.e2e-spec.ts'];

/** The suffix of a test file says what it needs, and with it the project it belongs to. */
export default defineConfig({
  // What runs or writes below these folders must not be mistaken for tests.
  test: {
    exclude: ['dist/**', 'node_modules/**', '.baton/**'],
    reporters: ['default', './test/support/closing-line.reporter.ts'],
    passWithNoTests: false,
    // Files share the modules of the process that they are in: to load them anew for each takes minutes. None leaves anything behind in them.
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.spec.ts'],
          globalSetup: temporaryFolder,
          testTimeout: 30_000,
          ...allCores,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: ['test/**/*.temporal-spec.ts'],
          globalSetup: [...temporalBinary, 'test/support/workflow-bundle.setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
          ...threeAtATime,
          ...patient,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.e2e-spec.ts'],
          globalSetup: temporalBinary,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
          ...threeAtATime,
          ...patient,
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: ['test/**/*.long-spec.ts', ...withoutCache, ...timed],
          env: { BATON_TEST_WORKFLOW_CACHE: '0', BATON_TEST_ALONE: '1' },
          globalSetup: [...temporalBinary, 'test/support/workflow-bundle.setup.ts'],
          testTimeout: 900_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 3 },
          ...oneAtATime,
          ...patient,
        },
      },
    ],
  },
});
