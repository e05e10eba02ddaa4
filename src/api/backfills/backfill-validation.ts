import { type BackfillValidation, VALIDATION_PARAMS, validationRunId } from '../../../workflows/contract.js';
import { MAX_PARENT_ID } from '../../dag/child-id.js';
import type { JsonObject } from '../../dag/json.js';
import type { DagSpec } from '../../dag/spec.js';
import { ID_PATTERN } from '../../dag/validate/edges.js';
import { formatInstant } from '../../time/instant.js';
import type { IntervalSpan } from '../../time/selection.js';
import { Problem } from '../errors/problem.js';
import { MAX_RUN_ID } from '../runs/run-id.js';
import { paramsOf } from '../runs/run-params.js';

/** What `validate` of a request says: the id of a DAG, or `{dag, params}`. Throws 400 for what is neither. */
export function validationOf(given: unknown): BackfillValidation {
  if (typeof given === 'string') return { dagId: dagIdOf(given, '/validate'), params: {} };
  if (!isObject(given)) throw illTyped('/validate', 'validate must be the id of a DAG, or {dag, params}');
  const { dag, params = {}, ...more } = given;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw illTyped(`/validate/${unknown}`, `validate has no field ${unknown}; it has dag and params`);
  if (!isObject(params)) throw illTyped('/validate/params', 'validate.params must be an object');
  return { dagId: dagIdOf(dag, '/validate/dag'), params };
}

/** The answer where the DAG that is to validate is not there, or was deleted: to a request that names it, no matter of its address. */
export function asValidationFault(error: unknown): unknown {
  if (!(error instanceof Problem) || (error.code !== 'dag_not_found' && error.code !== 'dag_deleted')) return error;
  return new Problem('validation_unavailable', error.detail, { errors: [{ pointer: '/validate', detail: error.detail }] });
}

/**
 * Whether a DAG of that spec can validate a backfill of these intervals: it takes `from` and `to` besides the params that it is given,
 * and needs no others. Throws 422 where not.
 */
export function checkValidation(
  validation: BackfillValidation,
  spec: DagSpec,
  of: { readonly id: string; readonly spans: readonly IntervalSpan[]; readonly total: number },
): void {
  const { dagId, params } = validation;
  const told = VALIDATION_PARAMS.find((name) => Object.hasOwn(params, name));
  if (told !== undefined) {
    const detail = `the backfill itself tells the param ${told}: leave it out`;
    throw new Problem('invalid_params', `${detail}.`, { errors: [{ pointer: `/validate/params/${told}`, detail }] });
  }
  const [from, to] = [formatInstant(of.spans[0]!.start), formatInstant(of.spans.at(-1)!.end)];
  paramsOf(spec.params ?? {}, { ...params, from, to }, '/validate/params');
  // No chunk has a higher number, and nobody tries one so often.
  const { length } = validationRunId({ id: of.id, validate: validation }, { chunk: of.total, attempt: 999 });
  const most = Object.values(spec.tasks).some(({ type }) => type === 'dag') ? MAX_PARENT_ID : MAX_RUN_ID;
  if (length <= most) return;
  const detail = `runs of ${dagId} that validate would have ids of ${length} characters, more than ${most}`;
  throw new Problem('run_id_too_long', `${detail}.`, { errors: [{ pointer: '/validate', detail }] });
}

function dagIdOf(given: unknown, pointer: string): string {
  if (typeof given === 'string' && ID_PATTERN.test(given)) return given;
  throw illTyped(pointer, `${pointer.slice(1).replace('/', '.')} must be the id of a DAG`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function illTyped(pointer: string, detail: string): Problem {
  return new Problem('invalid_fields', `${detail}.`, { errors: [{ pointer, detail }] });
}
