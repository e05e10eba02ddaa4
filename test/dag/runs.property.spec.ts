import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { TRIGGER_RULES } from '../../src/dag/spec.js';
import { propertyRuns, propertySeed } from '../support/property-seed.js';
import { type Plans, plansOf, type RandomRun, randomRun } from '../support/random-run/random-run.js';
import { brokenBy, report, SIMULATED, scriptOf } from '../support/run-properties/check-run.js';
import { RUN_PROPERTIES } from '../support/run-properties/every-run.js';
import { LAWS } from '../support/run-properties/laws.js';

const RUNS = propertyRuns(10_000);
/** Far beyond what they take: the machine may be busy. */
const PATIENCE = 60_000 + 60 * RUNS;
const SEED = propertySeed();

/** Runs that once broke a property: they are tried first, on every run of the tests, for ever. */
const FAILED_ONCE = JSON.parse(readFileSync('test/support/failing-seeds.json', 'utf8')) as readonly {
  readonly found: string;
  readonly run: RandomRun;
}[];

/** `startsOnlyWhenAllowed`: starts only when allowed. */
const sentence = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
const PROPERTIES = [SIMULATED, ...[...RUN_PROPERTIES, ...LAWS].map(({ name }) => name)];

/** What the generator must make, each in some run of a small sample. */
const FEATURES: { readonly [feature: string]: RegExp } = {
  ...Object.fromEntries(TRIGGER_RULES.map((rule) => [`rule ${rule}`, new RegExp(`"triggerRule":"${rule}"`)])),
  ...Object.fromEntries(
    ['branch', 'dag', 'wait', 'approval', 'transform'].map((type) => [type, new RegExp(`"type":"${type}"`)]),
  ),
  'conditions of edges': /"on":/,
  'a quorum by number': /"minSuccess":\d/,
  'a quorum by share': /"minSuccess":"\d+%"/,
  'a join that waits for all': /"eager":false/,
  'a join that cancels the others': /"cancelOthers":true/,
  'a join by an expression': /"join":"/,
  when: /"when":/,
  setup: /"setup":true/,
  teardown: /"teardown":/,
  'failures that are allowed': /"allowFailure":true/,
  'hooks of a DAG': /"exit":/,
  'hooks of a task': /"hooks":\{"(success|failure)":/,
  'a cross product': /"expand":\{"x"/,
  'a map over an output': /"expand":\{"each":"\$\{\{ tasks/,
  zip: /"zip":/,
  batches: /"itemBatchSize":/,
  'tolerated failures': /"toleratedFailure(Count|Percentage)":/,
  'a map that stops at a failure': /"stopOnFirstFailure":true/,
  'a map of SubDAGs': /"expand":\{[^}]*\}[^{}]*,"type":"dag"|"type":"dag"[^§]*?"expand":/,
  'a SubDAG by reference': /"with":\{"dag":"child"\}/,
  'a way back': /"rewindTo":/,
  retries: /"maxAttempts":[23]/,
  'timeouts of tasks': /"timeout":"500ms"/,
  failFast: /"failFast":true/,
  priority: /"priority":/,
  maxActiveTasks: /"maxActiveTasks":/,
  'a cancel': /"cancelAtMs":/,
};

describe('the random runs', () => {
  it('have everything that decides how a run goes', () => {
    const sample = Array.from({ length: 1_000 }, (_, seed) => JSON.stringify(randomRun(seed).run));
    const missing = Object.entries(FEATURES).filter(([, pattern]) => sample.filter((run) => pattern.test(run)).length < 3);
    expect(missing.map(([feature]) => feature)).toEqual([]);
  });
});

describe('a run that once broke a property', () => {
  it.each(FAILED_ONCE)('does so no more: $found', ({ run }) => {
    expect(brokenBy(run, plansOf(run) as Plans, scriptOf(run))).toBeUndefined();
  });
});

describe(`a run of any DAG, in ${RUNS} random ones (seed ${SEED})`, () => {
  const broken = new Map<string, string>();

  beforeAll(() => {
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const { run, plans, ask } = randomRun(seed);
      const found = brokenBy(run, plans, ask);
      if (found !== undefined && !broken.has(found.property)) broken.set(found.property, report(run, found));
    }
  }, PATIENCE);

  it.each(PROPERTIES.map((name) => [sentence(name), name]))('%s', (_, name) => {
    expect(broken.get(name!)).toBeUndefined();
  });
});
