/**
 * The closed list of ways a request can fail: code -> HTTP status and title (RFC 9457). The code is the stable name; it
 * stands in `code` and at the end of `type`. Keep it sorted by status.
 */
export const PROBLEM_CODES = {
  bad_request: { status: 400, title: 'The request is not well formed' },
  body_aborted: { status: 400, title: 'The request body ended early' },
  invalid_cursor: { status: 400, title: 'The cursor is not one that a list gave' },
  invalid_fields: { status: 400, title: 'Fields of the request are missing or ill-typed' },
  invalid_header: { status: 400, title: 'A request header is not usable' },
  invalid_id: { status: 400, title: 'The id is not well formed' },
  malformed_json: { status: 400, title: 'The body is not JSON' },
  too_deep: { status: 400, title: 'The body is nested too deeply' },
  unknown_parameter: { status: 400, title: 'The query has a parameter that this call does not know' },
  unreadable_spec: { status: 400, title: 'The body cannot be read as a DAG spec' },
  unauthorized: { status: 401, title: 'Who is asking?' },
  forbidden: { status: 403, title: 'Not allowed' },
  dag_not_found: { status: 404, title: 'No such DAG' },
  log_not_found: { status: 404, title: 'No such log' },
  output_not_found: { status: 404, title: 'No such output' },
  route_not_found: { status: 404, title: 'No such address' },
  run_not_found: { status: 404, title: 'No such run' },
  task_not_found: { status: 404, title: 'No such task' },
  version_not_found: { status: 404, title: 'No such version' },
  method_not_allowed: { status: 405, title: 'The address does not take this method' },
  not_acceptable: { status: 406, title: 'None of the accepted media types is offered' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  open_runs: { status: 409, title: 'The DAG has open runs' },
  run_closed: { status: 409, title: 'The run is over' },
  run_exists: { status: 409, title: 'The run exists already' },
  dag_deleted: { status: 410, title: 'The DAG was deleted' },
  precondition_failed: { status: 412, title: 'The DAG is not in the expected version' },
  body_too_large: { status: 413, title: 'The body is too large' },
  uri_too_long: { status: 414, title: 'The address is too long' },
  unsupported_media_type: { status: 415, title: 'The media type of the body is not supported' },
  wrong_host: { status: 421, title: 'This service does not answer for that host name' },
  date_not_scheduled: { status: 422, title: 'The schedule has no such time' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key was used for another request' },
  invalid_params: { status: 422, title: 'The parameters do not fit the DAG' },
  invalid_spec: { status: 422, title: 'The spec is not valid' },
  run_id_too_long: { status: 422, title: 'The run id is too long' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal_error: { status: 500, title: 'Something went wrong in the service' },
  shutting_down: { status: 503, title: 'The service is shutting down' },
  temporal_unavailable: { status: 503, title: 'Temporal cannot be reached' },
} as const satisfies Record<string, { status: number; title: string }>;

/** A code of {@link PROBLEM_CODES}. */
export type ProblemCode = keyof typeof PROBLEM_CODES;
