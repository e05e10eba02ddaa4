import type { Json } from '../src/dag/json.js';
import { validateJson } from '../src/dag/json-schema.js';
import { TaskError } from './task-error.js';

/** Throws `TaskError` (`output_schema`, not retried) for an output that breaks its schema; no schema takes everything. */
export function checkOutput(schema: Json | undefined, output: Json): void {
  const problems = schema === undefined ? [] : validateJson(schema, output);
  if (problems.length === 0) return;
  const shown = problems.slice(0, 5).map((p) => `${p.pointer || '/'}: ${p.message}`);
  const more = problems.length > 5 ? ` and ${problems.length - 5} more` : '';
  throw new TaskError('OutputSchemaMismatch', `the output does not fit outputSchema: ${shown.join('; ')}${more}`, {
    kind: 'output_schema',
    retryable: false,
  });
}
