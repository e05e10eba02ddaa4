import { givenParams } from '../../dag/given-params.js';
import type { JsonObject } from '../../dag/json.js';
import { MAX_PARAMS_CHARS } from '../../dag/limits.js';
import type { DagSpec } from '../../dag/spec.js';
import { Problem } from '../errors/problem.js';

/**
 * The params of a run: what was given, checked by the DAG's schemas, with defaults for the rest (R21). Throws the
 * problem `invalid_params` (422) with a pointer to every value that is missing, unknown or does not fit, below that of the params (`at`).
 */
export function paramsOf(schemas: NonNullable<DagSpec['params']>, given: JsonObject, at = '/params'): JsonObject {
  const { params, faults } = givenParams(schemas, given);
  if (faults.length > 0) {
    const told = faults.slice(0, 5).map(({ detail }) => detail);
    throw new Problem('invalid_params', `${told.join('; ')}.`, {
      errors: faults.map(({ pointer, detail }) => ({ pointer: `${at}${pointer}`, detail })),
    });
  }
  const { length } = JSON.stringify(params);
  if (length > MAX_PARAMS_CHARS) {
    const detail = `params have ${length} characters of JSON, more than ${MAX_PARAMS_CHARS}: pass the place of the data instead of the data`;
    throw new Problem('invalid_params', `${detail}.`, { errors: [{ pointer: at, detail }] });
  }
  return params;
}
