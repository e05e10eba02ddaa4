import { describe, expect, it } from 'vitest';
import { checkSpec } from '../../src/spec/check-spec.js';

const issuesOf = (spec: object) => checkSpec(JSON.stringify(spec), 'json', { ownQueues: ['baton'] }).issues;
/** What is said about one task beside a `fetch` of type http, as `severity code pointer below the task: message`. */
const said = (task: object): string[] =>
  issuesOf({ id: 'x', tasks: { fetch: { type: 'http', with: { url: 'https://example.org' } }, a: task } }).map(
    ({ severity, code, path, message }) => `${severity} ${code} ${path.replace('/tasks/a', '')}: ${message}`,
  );
const about = (value: unknown): string[] => said({ type: 'transform', dependsOn: ['fetch'], with: { value } });
const expression = (source: string): string[] => about(`\${{ ${source} }}`);

describe('what people write who come from another tool', () => {
  it.each([
    ['{{ ds }}', 'run.ds'],
    ['day={{ds_nodash}}', 'run.dsNodash'],
    ["{{ ti.xcom_pull('fetch') }}", 'tasks.<id>.output'],
    ['{{- dag_run.conf.day | default("x") }}', 'run, and params for its conf'],
  ])('templates: %s stays as it is, with a warning', (text, ours) => {
    const [issue, ...others] = about({ deep: [{ text }] });
    expect(issue).toMatch(/^warning foreign_template \/with\/value\/deep\/0\/text: .* has a dollar sign: \$\{\{ \.\.\. \}\}/);
    expect(issue).toContain(` - here that is ${ours}`);
    expect(others).toEqual([]);
  });

  it('templates: our own names without the dollar sign, too, once for each text', () => {
    expect(about('{{ params.x }} and {{ tasks.fetch.output }}')).toMatchObject([
      expect.stringMatching(/^warning foreign_template \/with\/value: '{{ params.x }}' is text/),
    ]);
  });

  it.each(['{{ name }}', '{{.Names}}', '{"a": {"b": {}}}', '${{ run.ds }}', "${{ '{{' }} ds }}"])(
    'templates of other kinds are nobody’s business: %s',
    (text) => expect(about(text)).toEqual([]),
  );

  it.each([
    ['ds', 'run.ds'],
    ['execution_date', 'run.logicalDate'],
    ['data_interval_start', 'run.dataInterval.start'],
    ['dag_run.conf.x', 'run, and params for its conf'],
    ['outputs.fetch', 'tasks.<id>.output'],
    ['inputs.x', 'params'],
    ['None', 'null'],
    ['fetch.output', 'did you mean tasks.fetch.output'],
    ["ti.xcom_pull('fetch')", 'tasks.<id>.output'],
    ['len(tasks.fetch.output)', 'size(x)'],
    ['today()', 'run.ds'],
    ['[1].map(x => x)', 'list.map(x, x + 1)'],
    ["tasks.fetch.output ?? ''", "get(x, 'path', default)"],
    ['tasks.fetch?.output', "get(x, 'path', default)"],
  ])('expressions: %s is answered with %s', (source, ours) => {
    expect(expression(source)).toEqual([expect.stringContaining(ours)]);
  });

  it.each([
    ["tasks.fetch.state == 'succeeded'", 'succeeded'],
    ["'failure' != tasks.fetch.state", 'failure'],
    ["tasks.fetch.state in ['success', 'error']", 'error'],
    ["tasks.fetch.items.filter(i, i.state == 'ok').size()", 'ok'],
    ["tasks.fetch.items.filter(i, i.index > 0).exists(i, i.state == 'done')", 'done'],
    ["run.state == 'failure'", 'failure'],
  ])('expressions: nothing ever has the state in %s', (source, state) => {
    expect(expression(source)).toContainEqual(
      expect.stringContaining(`error invalid_value /with/value: nothing has the state '${state}'`),
    );
  });

  it.each([
    "tasks.fetch.state == 'upstream_failed' || tasks.fetch.state == 'running'",
    "tasks.fetch.output.body.state == 'done'",
    "tasks.fetch.output.body.filter(i, i.state == 'ok').size() > 0",
    "tasks.fetch.items.map(i, i.output.state == 'ok')",
    'tasks.fetch.state == tasks.fetch.output.body',
  ])('expressions: %s may well be true', (source) => {
    expect(expression(source)).toEqual([]);
  });

  it.each([
    ['bash', "'shell'"],
    ['BashOperator', "'shell'"],
    ['PythonOperator', "'python'"],
    ['empty', "'noop'"],
    ['ShortCircuitOperator', "'branch'"],
    ['FileSensor', "'wait', with `file`"],
    ['HttpSensor', "'wait', with `http`"],
    ['SimpleHttpOperator', "'http'"],
    ['SQLExecuteQueryOperator', "'sql'"],
    ['TriggerDagRunOperator', "'trigger', which comes later"],
    ['task_group', "'dag', with `tasks`"],
    ['aproval', "did you mean 'approval'?"],
  ])('types: %s is answered with %s', (type, ours) => {
    expect(said({ type })).toEqual([
      expect.stringContaining(`unknown task type '${type}' - ${/did/.test(ours) ? '' : 'here that is '}${ours}`),
    ]);
  });

  it.each([
    ['continue_on_error', { type: 'noop', continue_on_error: true }, '`allowFailure`'],
    ['on_failure_callback', { type: 'noop', on_failure_callback: 'f' }, '`hooks: {failure}`'],
    ['seconds of a wait', { type: 'wait', with: { duration: '1s', seconds: 1 } }, '`duration`, with its unit: 90s'],
    ['conf of a DAG', { type: 'dag', with: { tasks: { b: { type: 'noop' } }, conf: {} } }, '`params`'],
    ['title of an approval', { type: 'approval', with: { message: 'x', title: 'x' } }, '`message`'],
    [
      'do of a retry rule',
      { type: 'shell', with: { argv: ['x'] }, retry: { rules: [{ error: 'x', do: 'fail' }] } },
      '`action`',
    ],
  ])('fields: %s', (_, task, ours) => {
    expect(said(task)).toEqual([expect.stringMatching(/^error foreign_name .* is not a field here; write /)]);
    expect(said(task)[0]).toContain(ours);
  });

  it.each([
    ['else', 'else: [e], cases: [{ when: true, then: [e] }]', '`default`'],
    ['if', 'cases: [{ when: true, if: true, then: [e] }]', '`when`'],
  ])('fields: a branch with %s', (name, fields, ours) => {
    const text = `id: x\ntasks:\n  a: { type: branch, with: { ${fields} } }\n  e: { type: noop, dependsOn: [a] }\n`;
    expect(checkSpec(text, 'yaml', { ownQueues: ['baton'] }).issues).toMatchObject([
      { code: 'foreign_name', message: `'${name}' is not a field here; write ${ours}` },
    ]);
  });

  it('fields: what is known, where nothing is near', () => {
    expect(said({ type: 'shell', with: { argv: ['x'] }, retry: { rules: [{ error: 'x', zzz: 1 }] } })).toEqual([
      "error unknown_field /retry/rules/0/zzz: unknown field 'zzz' of 'rules/0'; it has error, message, status, exitCode, kind, action, wait",
    ]);
    expect(said({ type: 'noop', zzzzzz: 1 })).toEqual([
      "error unknown_field /zzzzzz: unknown field 'zzzzzz' of 'a'; see the reference of fields",
    ]);
  });

  it('tasks as a list', () => {
    expect(issuesOf({ id: 'x', tasks: [{ task_id: 'a', type: 'noop' }] })).toMatchObject([
      {
        code: 'wrong_type',
        path: '/tasks',
        message: 'must be a map, not a list; write each entry under its name, as in name: { ... }',
      },
    ]);
  });
});
