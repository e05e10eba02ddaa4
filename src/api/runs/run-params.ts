import type { JsonObject } from '../../dag/json.js';
import { validateJson } from '../../dag/json-schema.js';
import type { DagSpec } from '../../dag/spec.js';
import type { FieldError } from '../errors/problem.js';
import { Problem } from '../errors/problem.js';

/** Params travel with the run and with each task that names them: this many characters of JSON are a lot already. */
export const MAX_PARAMS_CHARS = 256 * 1024;

/**
 * The params of a run: what was given, checked by the DAG's schemas, with defaults for the rest (R21). Throws the
 * problem `invalid_params` (422) with a pointer to every value that is missing, unknown or does not fit.
 */
export function paramsOf(schemas: NonNullable<DagSpec['params']>, given: JsonObject): JsonObject {
  const errors: FieldError[] = [];
  const values: [string, JsonObject[string]][] = [];
  for (const [name, schema] of Object.entries(schemas)) {
    const pointer = `/params/${escaped(name)}`;
    if (Object.hasOwn(given, name)) {
      const value = given[name] as JsonObject[string];
      values.push([name, value]);
      errors.push(
        ...validateJson(schema, value).map((fault) => ({
          pointer: `${pointer}${fault.pointer}`,
          detail: `the param ${name}${fault.pointer === '' ? '' : ` at ${fault.pointer}`} ${fault.message}`,
        })),
      );
    } else if (Object.hasOwn(schema, 'default')) values.push([name, schema.default as JsonObject[string]]);
    else errors.push({ pointer, detail: `the param ${name} is required` });
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(schemas, name))
      errors.push({ pointer: `/params/${escaped(name)}`, detail: unknownParam(name, Object.keys(schemas)) });
  }
  if (errors.length > 0)
    throw new Problem(
      'invalid_params',
      `${errors
        .slice(0, 5)
        .map(({ detail }) => detail)
        .join('; ')}.`,
      { errors },
    );
  const params = Object.fromEntries(values);
  const { length } = JSON.stringify(params);
  if (length > MAX_PARAMS_CHARS) {
    const detail = `params have ${length} characters of JSON, more than ${MAX_PARAMS_CHARS}: pass the place of the data instead of the data`;
    throw new Problem('invalid_params', `${detail}.`, { errors: [{ pointer: '/params', detail }] });
  }
  return params;
}

function unknownParam(name: string, known: readonly string[]): string {
  return `the DAG has no param ${name}${known.length === 0 ? '; it takes none' : `; it has ${known.slice(0, 20).join(', ')}`}`;
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
