import type { Issue } from '../../dag/issue.js';
import { PROBLEM_CODES, type ProblemCode } from './problem-codes.js';

/** Media type of every error answer (RFC 9457). */
export const PROBLEM_JSON = 'application/problem+json';

/** One ill-typed or forbidden value: where it is (a JSON pointer into the body, a query parameter or a header) and what is wrong. */
export interface FieldError {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly header?: string;
  readonly detail: string;
}

/** What a problem carries besides its words. */
export interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  readonly issues?: readonly Issue[];
  /** Addresses that help: the run that exists already, for example. */
  readonly links?: { readonly [name: string]: string };
  /** Response headers, `Retry-After` for example. */
  readonly headers?: { readonly [name: string]: string };
}

/** The answer to a request that failed, as it travels. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly instance?: string;
  readonly requestId?: string;
  readonly errors?: readonly FieldError[];
  readonly issues?: readonly Issue[];
  readonly links?: { readonly [name: string]: string };
}

/** An expected failure of a request: thrown anywhere below a controller, answered as problem+json by the one filter. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly code: ProblemCode,
    /** What is wrong, where, and what to do; may quote the request, never the inside of the service. */
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(detail);
  }

  get status(): number {
    return PROBLEM_CODES[this.code].status;
  }

  /** The body; `instance` is the path that was asked for, `requestId` finds the log line. */
  body(request: { readonly instance?: string; readonly requestId?: string } = {}): ProblemBody {
    const { errors, issues, links } = this.extras;
    return {
      type: `urn:baton:problem:${this.code}`,
      title: PROBLEM_CODES[this.code].title,
      status: this.status,
      code: this.code,
      detail: this.detail,
      ...request,
      ...(errors && { errors }),
      ...(issues && { issues }),
      ...(links && { links }),
    };
  }
}
