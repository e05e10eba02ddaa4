import { evaluateExpression, expressionSource, mergeReferences, parseExpression } from '../../src/dag/expression/index.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { Scope } from '../../src/dag/scope.js';
import { TaskError } from '../task-error.js';
import { type TaskHandler, templateInput } from '../task-handler.js';
import { NotYet } from './not-yet.js';

/** Answers that may be others the next time, besides those that an http task would repeat. */
const NOT_YET: readonly unknown[] = [404, 409, 425];

/** A poll by an http request; `until` is no part of it but asked over the answer, `response`. */
export function httpWait(http: TaskHandler): TaskHandler {
  return {
    prepare: (input) => {
      const { until, ...request } = input as JsonObject;
      const made = http.prepare?.(request) ?? templateInput(request);
      const condition = until === undefined ? undefined : parseExpression(conditionSource(until));
      return {
        references: condition === undefined ? made.references : mergeReferences([made.references, condition.references]),
        render: (scope) => {
          const { secrets: _, ...known } = scope;
          return {
            request: made.render(scope),
            ...(until === undefined ? {} : { until, scope: known as unknown as JsonObject }),
          };
        },
      };
    },
    run: async (input, context) => {
      const { request, until, scope } = input as JsonObject;
      const response = await http.run(request as Json, context).catch((error: unknown) => {
        const status = error instanceof TaskError ? (error.details as JsonObject | undefined)?.status : undefined;
        throw NOT_YET.includes(status) ? new NotYet((error as Error).message) : error;
      });
      if (until === undefined) return response;
      const condition = parseExpression(conditionSource(until));
      const met = evaluateExpression(condition, { ...(scope as unknown as Scope), response: response as Json });
      if (met === true) return response;
      if (met === false)
        throw new NotYet(`the answer (status ${String((response as JsonObject).status)}) is not what until wants`);
      const shown = JSON.stringify(met).slice(0, 100);
      throw new TaskError('ExpressionError', `until must be true or false, not ${shown}`, {
        kind: 'expression',
        retryable: false,
      });
    },
  };
}

function conditionSource(until: Json): string {
  return (typeof until === 'string' ? expressionSource(until) : undefined) ?? String(until);
}
