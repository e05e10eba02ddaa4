import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { Problem } from '../errors/problem.js';

/** The query parameters that a call knows; without it a call knows none. */
export const QueryNames = Reflector.createDecorator<readonly string[]>();

/** Refuses query parameters that the call does not know: a misspelt filter must not silently mean "everything". */
@Injectable()
export class QueryNamesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const known = this.reflector.get(QueryNames, context.getHandler()) ?? [];
    const unknown = Object.keys(context.switchToHttp().getRequest<Request>().query).filter((name) => !known.includes(name));
    if (unknown.length === 0) return true;
    const knows = known.length === 0 ? 'It takes none.' : `It takes ${known.join(', ')}.`;
    throw new Problem(
      'unknown_parameter',
      `This call does not know ${unknown.map((name) => JSON.stringify(name)).join(', ')}. ${knows}`,
      {
        errors: unknown.map((parameter) => ({ parameter, detail: 'unknown parameter' })),
      },
    );
  }
}
