import { BadRequestException, NotFoundException, PayloadTooLargeException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/api/errors/problem.js';
import { PROBLEM_CODES } from '../../src/api/errors/problem-codes.js';
import { problemOf } from '../../src/api/errors/problem-of.js';
import { BadCursorError } from '../../src/temporal/list-cursor.js';
import { DagNotFoundError, PreconditionFailedError, TemporalUnavailableError } from '../../src/temporal/temporal-error.js';

describe('a problem', () => {
  it('has the members of RFC 9457 and says which request it answers', () => {
    const body = new Problem('dag_not_found', 'There is no DAG x.').body({ instance: '/api/v1/dags/x', requestId: 'r1' });
    expect(body).toEqual({
      type: 'urn:baton:problem:dag_not_found',
      title: 'No such DAG',
      status: 404,
      code: 'dag_not_found',
      detail: 'There is no DAG x.',
      instance: '/api/v1/dags/x',
      requestId: 'r1',
    });
  });

  it('has a code whose status is one of an error', () => {
    for (const { status } of Object.values(PROBLEM_CODES)) expect(status >= 400 && status < 600).toBe(true);
  });
});

describe('what an error means for the caller', () => {
  const cases: readonly (readonly [name: string, error: unknown, status: number | undefined, code?: string])[] = [
    ['a problem is itself', new Problem('run_closed', 'over'), 409, 'run_closed'],
    ['no DAG', new DagNotFoundError('d'), 404, 'dag_not_found'],
    ['an unmet precondition', new PreconditionFailedError('x'), 412, 'precondition_failed'],
    ['a strange cursor', new BadCursorError(), 400, 'invalid_cursor'],
    ['an unknown route', new NotFoundException(), 404, 'route_not_found'],
    ['a bad request of the framework', new BadRequestException('secret inside'), 400, 'bad_request'],
    ['a too large body of the framework', new PayloadTooLargeException(), 413, 'body_too_large'],
    [
      'a too large body of the body reader',
      Object.assign(new Error('x'), { type: 'entity.too.large', status: 413 }),
      413,
      'body_too_large',
    ],
    [
      'an encoding that nobody knows',
      Object.assign(new Error('x'), { type: 'encoding.unsupported', status: 415 }),
      415,
      'unsupported_media_type',
    ],
    ['a body that was cut off', Object.assign(new Error('x'), { type: 'request.aborted', status: 400 }), 400, 'body_aborted'],
    [
      'damaged compression',
      Object.assign(new Error('incorrect header check'), { code: 'Z_DATA_ERROR', status: 400 }),
      400,
      'bad_request',
    ],
    ['anything else', new TypeError('x is not a function'), undefined],
    ['something that is no error', 'oops', undefined],
  ];
  it.each(cases)('%s', (_name, error, status, code) => {
    const problem = problemOf(error);
    expect(problem?.status).toBe(status);
    expect(problem?.code).toBe(code);
    expect(JSON.stringify(problem?.body() ?? '')).not.toContain('secret inside');
  });

  it('a Temporal that did not answer a change is 503, "outcome unknown, repeat safely", with Retry-After', () => {
    const problem = problemOf(new TemporalUnavailableError('14 UNAVAILABLE: 127.0.0.1:7233', true, 2));
    expect(problem?.status).toBe(503);
    expect(problem?.detail).toContain('outcome unknown, repeat safely');
    expect(problem?.extras.headers).toEqual({ 'Retry-After': '2' });
    expect(JSON.stringify(problem?.body())).not.toMatch(/7233|UNAVAILABLE/);
  });

  it('a Temporal that cannot be reached for a read does not frighten with an unknown outcome', () => {
    expect(problemOf(new TemporalUnavailableError('x', false, 0.5))?.detail).not.toContain('unknown');
    expect(problemOf(new TemporalUnavailableError('x', false, 0.5))?.extras.headers).toEqual({ 'Retry-After': '1' });
  });
});
