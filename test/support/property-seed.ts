/** Seeds that once failed: they are tried first, on every run, for ever. Add one, with a word on what it found. */
export const KEPT_SEEDS: readonly number[] = [
  // A join with cancelOthers cancelled a teardown that it waited for.
  3,
];

/** The seed of this run of the tests, printed in the test's name; set BATON_TEST_SEED to try one again. */
export function propertySeed(): number {
  const given = process.env['BATON_TEST_SEED'];
  return given === undefined ? Date.now() % 2_147_483_647 : Number(given);
}

/** How many random cases a property is asked for: `usual`, or BATON_TEST_RUNS to hunt for rare ones. */
export function propertyRuns(usual: number): number {
  const given = process.env['BATON_TEST_RUNS'];
  return given === undefined ? usual : Number(given);
}
