import type { Json } from '../json.js';
import { pointer } from '../json-pointer.js';
import { checkSchema, validateJson } from '../json-schema.js';
import type { Checking } from './checking.js';

const MAX_PARAMS = 1000;

/** `params`: each a JSON Schema whose default obeys it; a DAG with a schedule needs all defaults (R21). */
export function checkParams({ spec, issues }: Checking): void {
  const params = spec.params ?? {};
  const names = Object.keys(params).sort();
  if (names.length > MAX_PARAMS) {
    issues.error(
      'invalid_value',
      '/params',
      `${names.length} params; at most ${MAX_PARAMS} are allowed. One param may be a map or a list`,
    );
    return;
  }
  for (const name of names) {
    const schema = params[name] as Json;
    const path = pointer('params', name);
    const problems = checkSchema(schema);
    for (const problem of problems) issues.error('invalid_json_schema', path + problem.pointer, problem.message);
    const fallback =
      typeof schema === 'object' && schema !== null && Object.hasOwn(schema, 'default')
        ? (schema as { default: Json }).default
        : undefined;
    if (fallback === undefined) {
      if (spec.schedule !== undefined)
        issues.error(
          'param_without_default',
          path,
          `the schedule starts runs without asking, so param '${name}' needs a \`default\``,
        );
      continue;
    }
    if (holdsExpression(fallback))
      issues.error(
        'expression_not_allowed',
        `${path}/default`,
        'a default is a fixed value; put the expression where the param is used',
      );
    else if (problems.length === 0) {
      for (const problem of validateJson(schema, fallback))
        issues.error(
          'param_default_invalid',
          `${path}/default${problem.pointer}`,
          `the default breaks its own schema: ${problem.message}`,
        );
    }
  }
}

function holdsExpression(value: Json): boolean {
  if (typeof value === 'string') return value.includes('${{');
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((each) => holdsExpression(each as Json));
}
