import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { RETRY_AFTER } from '../response-headers.js';
import { ProblemDto } from './problem.dto.js';
import { PROBLEM_JSON } from './problem.js';
import { PROBLEM_CODES } from './problem-codes.js';

/** Documents the problems that a call answers with, by status; 500 is always possible. */
export function ApiProblems(...statuses: readonly number[]): MethodDecorator {
  const content = { [PROBLEM_JSON]: { schema: { $ref: getSchemaPath(ProblemDto) } } };
  const responses = [...statuses, 500].map((status) => {
    const codes = Object.entries(PROBLEM_CODES)
      .filter(([, facts]) => facts.status === status)
      .map(([code]) => code);
    return ApiResponse({ status, description: codes.join(', '), content, ...(status === 503 ? { headers: RETRY_AFTER } : {}) });
  });
  return applyDecorators(ApiExtraModels(ProblemDto), ...responses);
}
