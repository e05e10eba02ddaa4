/** One problem of a spec, as data. */
export interface Issue {
  readonly code: IssueCode;
  /** JSON pointer (RFC 6901) into the spec: `/tasks/load/dependsOn/0`; `` (empty) is the whole document. */
  readonly path: string;
  /** What is wrong, and what to write instead. */
  readonly message: string;
  readonly severity: 'error' | 'warning';
  /** 1-based position in the text, where the spec came as text. */
  readonly line?: number;
  readonly column?: number;
}

/** At most this many issues are reported (R24). */
export const MAX_ISSUES = 200;

/**
 * The closed list of issue codes; each stands in docs/spec.md with an example and is raised by a test.
 * Keep it sorted.
 */
export const ISSUE_CODES = [
  'bad_cron',
  'bad_date',
  'bad_duration',
  'bad_schedule',
  'bad_size',
  'bad_text',
  'bad_timezone',
  'branch_target_not_downstream',
  'cycle',
  'dag_cycle',
  'dependency_on_itself',
  'duplicate_dependency',
  'duplicate_key',
  'expression_inside_quotes',
  'expression_invalid',
  'expression_not_allowed',
  'expression_task_id',
  'expression_too_costly',
  'expression_too_long',
  'failure_may_be_hidden',
  'foreign_name',
  'foreign_template',
  'id_mismatch',
  'invalid_id',
  'invalid_json_schema',
  'invalid_value',
  'missing_field',
  'no_cleanup',
  'no_past',
  'no_tasks',
  'not_allowed_with',
  'not_yet_supported',
  'param_default_invalid',
  'param_without_default',
  'plan_too_large',
  'reference_not_upstream',
  'rewind_not_upstream',
  'secret_on_foreign_queue',
  'surprising_cron',
  'too_deep',
  'too_large',
  'too_many_aliases',
  'too_many_edges',
  'too_many_expressions',
  'too_many_tasks',
  'unknown_dag',
  'unknown_dependency',
  'unknown_field',
  'unknown_param',
  'unknown_reference',
  'unknown_task_type',
  'unknown_version',
  'unquoted_expression',
  'wait_condition',
  'wrong_type',
  'yaml_boolean_key',
] as const;
export type IssueCode = (typeof ISSUE_CODES)[number];
