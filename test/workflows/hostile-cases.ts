import type { Json } from '../../src/dag/json.js';

/** A task that is as bad as it can be and still be stored, and how it ends. */
export interface HostileCase {
  readonly task: object;
  /** A state; of those that failed with the kind of the failure. */
  readonly ends: string;
  /** The field that the failure names. */
  readonly field?: string;
  /** Part of what it says. */
  readonly says?: string;
}

export const HOSTILE_PARAMS: { readonly [name: string]: Json } = {
  list: Array.from({ length: 300 }, (_, i) => i),
  text: 'a'.repeat(100_000),
  pattern: '(',
  word: 'soon',
  none: null,
  object: { a: 1 },
  // Half a character, as a key and as a value: JSON carries it, Protobuf does not.
  half: { '\ud800': '\udc00' },
  key: 'k',
};

const ONE_MILLION = "range(20000).map(i, '01234567890123456789012345678901234567890123456789').join('')";
const doubled = (times: number): string => `[0]${'.map(s, [s, s])'.repeat(times)}`;
const noop = (when: string): object => ({ type: 'noop', when: `\${{ ${when} }}` });
const value = (source: string): object => ({ type: 'transform', with: { value: `\${{ ${source} }}` } });
const expand = (source: string, more: object = {}): object => ({
  type: 'transform',
  with: { value: 1 },
  expand: { n: `\${{ ${source} }}` },
  ...more,
});
const work = (arg: string, more: object = {}): object => ({ type: 'activity', with: { name: 'work', args: [arg] }, ...more });
const expression = (field: string, task: object, says?: string): HostileCase => ({
  task,
  ends: 'failed expression',
  field,
  says,
});
const ends = (state: string, task: object, says?: string): HostileCase => ({ task, ends: state, says });
const child = (params: object | string, tasks: object = { x: { type: 'noop' } }, more: object = {}): object => ({
  type: 'dag',
  with: { params, tasks, ...more },
});

/** A case of a branch; a literal with the key `then` would look like a promise. */
export const branchCase = (when: string, target: string): object =>
  Object.fromEntries([
    ['when', `\${{ ${when} }}`],
    ['then', [target]],
  ]);

/** By the id of the task. None depends on another: each is decided by itself. */
export const HOSTILE: { readonly [id: string]: HostileCase } = {
  // Conditions.
  when_nested: ends('success', noop('params.list.all(a, params.list.all(b, a + b >= 0))')),
  when_dear: expression('when', noop('range(2000).all(a, range(2000).all(b, a + b >= 0))'), 'more than 1000000 steps'),
  when_errors: expression('when', noop('range(2000).exists(a, a.x == 1)'), 'has no x'),
  when_linear_pattern: ends('skipped', noop("params.text.matches('^(a+)+b$')")),
  when_pattern_bomb: expression('when', noop("params.text.matches('(?i)(\\\\pL?){200}1')"), 'steps'),
  when_many_patterns: ends('skipped', noop(Array.from({ length: 15 }, () => "'a'.matches('(a{9}){9}')").join(' || '))),
  when_pattern_invalid: expression('when', noop('params.text.matches(params.pattern)'), 'matches()'),
  when_pattern_huge: expression('when', noop('params.text.matches(params.text)'), 'the pattern has 100000 characters'),
  when_text: expression('when', noop('"yes"'), 'must be true or false, got "yes"'),
  when_null: expression('when', noop('params.none'), 'must be true or false, got null'),
  when_large: expression('when', noop('params.text'), 'must be true or false'),
  when_division: expression('when', noop('1 / 0 > 1'), 'by zero'),
  when_remainder: expression('when', noop('5 % 0 == 1'), 'by zero'),
  when_overflow: expression('when', noop('9007199254740991 + 2 > 0'), '2^53'),
  when_infinite: expression('when', noop('1.0e308 * 10.0 > 0'), 'finite'),
  when_missing: expression('when', noop('params.object.no.such > 1'), 'has no key "no"'),
  when_index: expression('when', noop('params.list[300] == 1'), 'there is no element 300'),
  when_negative: expression('when', noop('params.list[-1] == 1'), 'no element -1'),
  when_order: expression('when', noop('"a" < 1'), 'have no order'),
  when_null_field: expression('when', noop('params.none.x == 1'), 'is null'),
  when_half_a_character: expression('when', noop('params.half.x == 1'), 'has no key "x"'),
  when_prototype: expression('when', noop('params.object.constructor == null'), 'has no key "constructor"'),

  // Values that the walk computes.
  value_doubled: ends('success', value(doubled(20))),
  value_doubled_for_ever: expression('value', value(doubled(40)), 'characters of JSON'),
  value_million: ends('success', value(ONE_MILLION)),
  value_text_again_and_again: expression(
    'value',
    { type: 'transform', with: { value: '${{ params.text }} '.repeat(300) } },
    'steps',
  ),
  value_range: expression('value', value('range(100000000)'), 'at most 100000'),
  value_nested: ends('success', value(`[1]${'.map(x, [x])'.repeat(90)}`)),
  value_brackets: ends('success', value(`${'['.repeat(60)}1${']'.repeat(60)}`)),
  value_keys: expression('value', value('{params.key: 1, params.key: 2}'), 'twice'),
  value_object_key: expression('value', value('{params.object: 1}'), 'keys of an object are text'),
  value_mixed: expression('value', value('params.list + "a"'), 'cannot add'),
  value_int: expression('value', value('int("12.5")'), 'whole number'),
  value_duration: expression('value', value('addDuration("2024-01-01", "soon")'), 'addDuration()'),
  value_years: expression('value', value('addDuration("9999-12-31", "3650d")'), 'years'),
  value_path: expression('value', value('get(params.object, "a..b")'), 'cannot read the path'),
  value_substring: expression('value', value('"abc".substring(2, 1)'), 'outside'),
  value_half_a_character: ends('success', value('params.half')),
  value_deep_place: expression(
    'value',
    { type: 'transform', with: { value: { a: [{ b: '${{ 1 / 0 }}' }] } } },
    '/a/0/b: ${{ 1 / 0 }}: / by zero',
  ),

  // Inputs of activities, here and elsewhere.
  with_division: expression('with', work('${{ 1 / 0 }}'), 'by zero'),
  with_dear: expression('with', work('${{ range(2000).all(a, range(2000).all(b, a + b >= 0)) }}'), 'more than 1000000 steps'),
  with_large: expression('with', work(`\${{ ${doubled(40)} }}`), 'characters of JSON'),
  with_bad_cache: expression('cache.key', work('x', { cache: { key: '${{ params.object.no }}' } }), 'has no key "no"'),
  with_half_a_character: ends('failed error', work('${{ params.half }}'), 'half: '),
  foreign_division: expression('args', work('${{ 1 / 0 }}', { queue: 'nobody' }), 'by zero'),
  foreign_dear: expression('args', work('${{ range(2000).exists(a, a.x == 1) }}', { queue: 'nobody' }), 'has no x'),

  // Maps: over what, how many at a time, with which names.
  expand_number: ends('failed not_a_list', expand('7'), 'expand.n of task expand_number must be a list or a map'),
  expand_text: ends('failed not_a_list', expand('params.text'), 'expand.n of task expand_text'),
  expand_division: expression('expand.n', expand('1 / 0'), 'by zero'),
  expand_dear: expression('expand.n', expand('range(2000).filter(a, range(2000).all(b, a >= b))'), 'steps'),
  expand_doubled: ends('success', expand(doubled(20))),
  expand_long: ends('failed map_too_long', expand('range(5000)'), 'maxMapLength of task expand_long'),
  expand_product: ends(
    'failed map_too_long',
    { type: 'noop', expand: Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => [key, '${{ params.list }}'])) },
    '729000000000000 items',
  ),
  zip_lengths: ends('failed zip_lengths', { type: 'noop', zip: { a: '${{ [1, 2] }}', b: '${{ [1] }}' } }, 'a has 2, b has 1'),
  concurrency_text: expression('maxConcurrency', expand('[1]', { maxConcurrency: '${{ "many" }}' }), 'at least 1'),
  concurrency_zero: expression('maxConcurrency', expand('[1]', { maxConcurrency: '${{ 0 }}' }), 'at least 1'),
  concurrency_division: expression('maxConcurrency', expand('[1]', { maxConcurrency: '${{ 1 / 0 }}' }), 'by zero'),
  key_same: ends('success', expand('[1, 2, 3]', { mapKey: '${{ params.word }}' })),
  key_large: ends('success', expand('[1, 2]', { mapKey: '${{ params.text }}' })),
  key_half_a_character: ends('success', expand('[1]', { mapKey: '${{ params.half }}' })),
  key_division: ends(
    'failed items_failed',
    expand('[1, 2]', { mapKey: '${{ 1 / (item.n - 1) }}' }),
    'mapKey of task key_division',
  ),
  key_dear: ends(
    'failed items_failed',
    expand('[1, 2]', { mapKey: '${{ range(300).all(a, range(300).all(b, a + b >= 0)) }}' }),
    'more than 50000 steps',
  ),
  item_division: ends('failed items_failed', {
    type: 'transform',
    expand: { n: '${{ [0, 1] }}' },
    with: { value: '${{ 1 / item.n }}' },
  }),

  // Branches, SubDAGs, waits, approvals.
  branch_text: expression(
    'cases[0].when',
    { type: 'branch', with: { cases: [branchCase('params.word', 'after_branch_text')] } },
    'must be true or false',
  ),
  branch_division: expression(
    'cases[1].when',
    {
      type: 'branch',
      with: {
        match: 'all',
        cases: [branchCase('false', 'after_branch_division'), branchCase('1 / 0 == 1', 'after_branch_division')],
      },
    },
    'by zero',
  ),
  params_division: expression('params', child({ n: '${{ 1 / 0 }}' }), 'by zero'),
  params_list: ends('failed invalid_params', child('${{ [1] }}'), 'params of task params_list must be a map'),
  params_large: ends('failed invalid_params', child({ n: `\${{ ${ONE_MILLION} }}` }), 'params of task params_large'),
  child_fails: ends('failed child', child({}, { x: value('1 / 0') }), 'x (value of task x: ${{ 1 / 0 }}: / by zero)'),
  child_outputs: ends('failed child', child({}, undefined, { outputs: { n: '${{ 1 / 0 }}' } }), 'output n'),
  wait_duration: expression('duration', { type: 'wait', with: { duration: '${{ params.word }}' } }, 'soon'),
  wait_instant: expression('until', { type: 'wait', with: { until: '${{ params.word }}' } }, '"soon" is no instant'),
  wait_number: expression('until', { type: 'wait', with: { until: '${{ 5 }}' } }, 'must be a text'),
  wait_division: expression('until', { type: 'wait', with: { until: '${{ 1 / 0 }}' } }, 'by zero'),
  wait_file: expression('with', { type: 'wait', with: { file: '${{ 1 / 0 }}' } }, 'by zero'),
  approval_division: expression('message', { type: 'approval', with: { message: '${{ 1 / 0 }}' } }, 'by zero'),
  approval_large: expression('message', { type: 'approval', with: { message: '${{ params.text }}' } }, 'too long'),
};

/** Behind the branches above, which ask for targets. */
export const AFTER: { readonly [id: string]: { readonly task: object; readonly ends: string } } = {
  after_branch_text: { task: { type: 'noop', dependsOn: ['branch_text'] }, ends: 'upstream_failed' },
  after_branch_division: { task: { type: 'noop', dependsOn: ['branch_division'] }, ends: 'upstream_failed' },
  after_all: { task: { type: 'noop', dependsOn: Object.keys(HOSTILE), triggerRule: 'all_done' }, ends: 'success' },
};
