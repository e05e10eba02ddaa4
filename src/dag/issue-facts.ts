import type { IssueCode } from './issue.js';

/** Why an issue is raised, and what to do about it: for documentation, where each code stands. In Markdown. */
export const ISSUE_FACTS: { readonly [code in IssueCode]: { readonly cause: string; readonly fix: string } } = {
  bad_cron: {
    cause: 'not five fields, a value out of range, or a day that never comes',
    fix: 'write five fields or a preset; for a beat `{ every: 5m }`',
  },
  bad_date: {
    cause: 'no date of the calendar, no offset, or an end that is not after the start',
    fix: '`2024-01-31`, or `2024-01-31T06:00:00Z`',
  },
  bad_duration: {
    cause: 'a number without unit, units out of order, years, months or weeks, or zero',
    fix: '`90s`, `5m`, `1h30m`, `2d`',
  },
  bad_schedule: {
    cause: 'no known form, two forms at once, or a beat under 1s',
    fix: 'keep one of `cron`, `every`, `at`',
  },
  bad_size: {
    cause: 'no number with a unit, an unknown unit, or one in other letters',
    fix: '`512MiB`, `2GiB`, `10GB`',
  },
  bad_text: {
    cause: 'empty, not UTF-8, a byte order mark, a syntax error, two documents, a merge key, a tag or an alias without anchor',
    fix: 'mend the text at the line given',
  },
  bad_timezone: {
    cause: 'not an IANA name',
    fix: '`Europe/Berlin`, `UTC`',
  },
  branch_target_not_downstream: {
    cause: 'a branch chooses a task that does not wait for it',
    fix: "add the branch to that task's `dependsOn`",
  },
  cycle: {
    cause: 'tasks that wait for each other in a ring, named along it',
    fix: 'take one of these edges out',
  },
  dag_cycle: {
    cause: 'DAGs that run one another as SubDAGs without end, named along the path',
    fix: 'take one of these references out',
  },
  dependency_on_itself: {
    cause: 'a task in its own `dependsOn`',
    fix: 'take it out',
  },
  duplicate_dependency: {
    cause: 'a task twice in one `dependsOn`',
    fix: 'once, with `on: [success, skipped]` for several conditions',
  },
  duplicate_key: {
    cause: 'a key twice in one map; both places are given',
    fix: 'rename or remove one',
  },
  expression_inside_quotes: {
    cause: 'an expression inside quotes or a comment of SQL',
    fix: 'take it out of the quotes; join texts with `||`',
  },
  expression_invalid: {
    cause: 'not CEL, an unknown function, a missing brace, or a `when` that is not one expression',
    fix: 'see Expressions',
  },
  expression_not_allowed: {
    cause: 'an expression in a field that is fixed, or `secrets` and `attempt` where they are not known',
    fix: 'move it to `with`, `when` or `outputs`',
  },
  expression_task_id: {
    cause: 'an id that CEL does not read as a name',
    fix: "`tasks['my-id'].output`, as the message shows",
  },
  expression_too_costly: {
    cause: 'more than two loops inside each other',
    fix: 'a task of type sql or activity, or several steps',
  },
  expression_too_long: {
    cause: 'more than 4 KiB',
    fix: 'compute it in steps, with transforms',
  },
  failure_may_be_hidden: {
    cause: 'a warning: this task runs even after a failure, and the run can then be green',
    fix: 'let another task depend on the failing one by success',
  },
  foreign_name: {
    cause: 'a field of another tool, or in snake_case',
    fix: 'the name that the message gives',
  },
  foreign_template: {
    cause: 'a warning: braces without a dollar sign, as in other tools, which are text here',
    fix: '`${{ run.ds }}` for `{{ ds }}`',
  },
  id_mismatch: {
    cause: 'the `id` in the body is not the one in the URL',
    fix: 'make them the same',
  },
  invalid_id: {
    cause: 'an id with other characters, or longer than 128',
    fix: 'letters, digits, `_ . -`',
  },
  invalid_json_schema: {
    cause: 'a keyword that is unknown or has a wrong value',
    fix: 'mend the schema',
  },
  invalid_value: {
    cause: 'outside its range or list',
    fix: 'a value that the message names',
  },
  missing_field: {
    cause: 'a required field is not there',
    fix: 'add it',
  },
  no_cleanup: {
    cause: 'a warning: `overlapPolicy: terminate_other` ends runs without their clean-up',
    fix: '`cancel_other`',
  },
  no_past: {
    cause: 'a warning: `catchup: true` without a `startDate` has no past to make up for',
    fix: 'write `startDate`, the first date that is wanted',
  },
  no_tasks: {
    cause: '`tasks` is empty',
    fix: 'add a task; a `noop` does',
  },
  not_allowed_with: {
    cause: 'a field that means nothing for this type or beside another field, or that defaults cannot give',
    fix: 'leave it out, or write it in each task',
  },
  not_yet_supported: {
    cause: 'a field, form or task type of later work',
    fix: 'leave it out for now',
  },
  param_default_invalid: {
    cause: 'the default of a param breaks its own schema',
    fix: 'mend either',
  },
  param_without_default: {
    cause: 'a DAG with a schedule has a param without default',
    fix: 'add the default',
  },
  plan_too_large: {
    cause: 'the compiled DAG is over 1 MiB, compressed',
    fix: 'move large values into files or params',
  },
  reference_not_upstream: {
    cause: 'an expression names a task that need not have ended',
    fix: 'add it to `dependsOn`',
  },
  rewind_not_upstream: {
    cause: '`rewindTo` names no task upstream of its approval',
    fix: 'a task that the approval comes after',
  },
  secret_on_foreign_queue: {
    cause: "a secret in the arguments of another worker's activity",
    fix: 'let that worker read it itself',
  },
  surprising_cron: {
    cause: 'a warning: both kinds of day are set, and both must match',
    fix: 'leave one as `*`',
  },
  too_deep: {
    cause: 'more than 100 levels, or a value that holds itself',
    fix: 'flatten it',
  },
  too_large: {
    cause: 'over 4 MiB, or YAML of more than 600,000 tokens',
    fix: 'move data out of the spec; send JSON',
  },
  too_many_aliases: {
    cause: 'aliases that multiply',
    fix: 'write the values out, or use `defaults`',
  },
  too_many_edges: {
    cause: 'over 200,000',
    fix: 'a `noop` between two layers makes n + m edges of n x m',
  },
  too_many_expressions: {
    cause: 'over 50,000 `${{ }}` in one DAG',
    fix: 'read lists inside an activity, or pass them as one value',
  },
  too_many_tasks: {
    cause: 'over 10,000',
    fix: 'split the DAG',
  },
  unknown_dag: {
    cause: 'a SubDAG names a DAG that is not stored, or was deleted; or a DAG that it runs does',
    fix: 'store that DAG first',
  },
  unknown_dependency: {
    cause: 'no task of that id',
    fix: 'the id that the message suggests',
  },
  unknown_field: {
    cause: 'a misspelt or misplaced field',
    fix: 'the name or place that the message suggests',
  },
  unknown_param: {
    cause: '`params.x` without a param x',
    fix: 'declare it, or mend the name',
  },
  unknown_reference: {
    cause: 'a name, task or field that expressions do not know',
    fix: '`params`, `run`, `tasks.<id>.output`',
  },
  unknown_task_type: {
    cause: 'no such type',
    fix: 'one of the task types above',
  },
  unknown_version: {
    cause: 'a SubDAG names a version that the DAG does not have',
    fix: 'a version that it has, or none: the latest',
  },
  unquoted_expression: {
    cause: 'YAML reads the braces as a map',
    fix: 'put quotes around the whole value',
  },
  wait_condition: {
    cause: 'a wait for nothing, or for several things at once',
    fix: 'one of `duration`, `until`, `file`, `http`, `sql`',
  },
  wrong_type: {
    cause: 'text for a number, a map for a list, an empty value ...',
    fix: 'what the message asks for',
  },
  yaml_boolean_key: {
    cause: 'a YAML 1.1 tool has turned the key `on` into `true`',
    fix: 'YAML 1.2, or quotes: `"on"`',
  },
};
