import { STATUS_CODES } from 'node:http';
import { Agent, type Dispatcher, request } from 'undici';
import type { Json } from '../../src/dag/json.js';
import type { HttpSettings } from '../activity-deps.js';
import type { TaskContext } from '../task-context.js';
import { TaskError } from '../task-error.js';
import type { TaskHandler } from '../task-handler.js';
import { AddressGuard } from './address-guard.js';
import { bodyValue, readBody } from './http-body.js';
import { asText, InputReader } from './read-input.js';

const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;
/** No output may be larger anyway. */
const MOST_BYTES = 64 * 1024 * 1024;
const MAX_REDIRECTS = 5;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
/** A server that knows the header does the work of such a call once, however often the task is tried. */
const CHANGES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** Headers that belong to the connection, not to the author. */
const NOT_THEIRS = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'keep-alive',
  'te',
  'trailer',
  'expect',
  'proxy-authorization',
  'proxy-connection',
]);
/** All that follows a redirect to another origin: anything else may be a secret. */
const FOLLOWS = new Set(['accept', 'accept-encoding', 'accept-language', 'content-type', 'user-agent']);

interface HttpRequest {
  readonly url: URL;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
}

/** What a response must be; the rest fails. */
type Expected = (status: number) => boolean;

/**
 * Type `http`: `with: {url, method?, query?, headers?, body?, expect?: {status: []}, maxResponseBytes?}` -> `{status, headers, body}` (R17). Outside of 2xx
 * (or `expect.status`) it fails with `HttpStatusError`; 408, 429 and 5xx may be retried, after Retry-After where the server says so. Calls
 * that change something carry the task's `Idempotency-Key`, unless the author sets one.
 */
export function httpHandler(settings: HttpSettings = {}): TaskHandler {
  const guard = new AddressGuard(settings);
  // The attempt's timeout bounds it all; undici's own limits would only hide it.
  const agent = new Agent({ connect: guard.connector(), headersTimeout: 0, bodyTimeout: 0 });
  return {
    run: async (input, context) => {
      const reader = new InputReader('http', input);
      const expected = expectedStatuses(reader);
      const limit = Math.min(reader.count('maxResponseBytes') ?? DEFAULT_MAX_BYTES, settings.maxBytes ?? MOST_BYTES);
      let next = requestOf(reader, guard, context.info.idempotencyKey);
      for (let redirects = 0; ; redirects++) {
        const startedAt = Date.now();
        const response = await send(next, agent, context.signal);
        const location = header(response.headers, 'location');
        if (location !== undefined && isRedirect(response.statusCode) && !expected(response.statusCode)) {
          await response.body.dump({ limit: 64 * 1024 }).catch(() => undefined);
          if (redirects === MAX_REDIRECTS)
            throw new TaskError('HttpTooManyRedirects', `${shown(next)} was redirected more than ${MAX_REDIRECTS} times`, {
              retryable: false,
            });
          context.log.info(`${shown(next)} -> ${response.statusCode}, redirected`);
          next = redirected(next, response.statusCode, guard.check(location, next.url));
          continue;
        }
        return await outcome(next, response, { expected, limit, startedAt, context });
      }
    },
  };
}

function requestOf(reader: InputReader, guard: AddressGuard, idempotencyKey: string): HttpRequest {
  const url = guard.check(reader.requiredText('url'));
  for (const [name, value] of Object.entries(reader.object('query') ?? {})) {
    for (const one of Array.isArray(value) ? (value as readonly Json[]) : [value as Json])
      if (one !== null) url.searchParams.append(name, asText(one));
  }
  url.hash = '';
  const method = reader.oneOf('method', METHODS) ?? 'GET';
  const headers: { [name: string]: string } = {
    accept: 'application/json, */*;q=0.8',
    'accept-encoding': 'gzip, deflate, br',
    'user-agent': 'baton',
  };
  if (CHANGES.has(method)) headers['idempotency-key'] = idempotencyKey;
  const body = reader.get('body');
  if (body !== undefined) headers['content-type'] = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  for (const [name, value] of Object.entries(reader.object('headers') ?? {})) {
    const lower = name.toLowerCase();
    const text = asText(value as Json);
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower) || NOT_THEIRS.has(lower))
      throw new TaskError('BadInput', `with.headers: ${JSON.stringify(name)} cannot be set`, { retryable: false });
    if (/[^\t\x20-\x7e\x80-\xff]/.test(text))
      throw new TaskError('BadInput', `with.headers.${name}: a header value is one line of Latin-1 text`, { retryable: false });
    headers[lower] = text;
  }
  return {
    url,
    method,
    headers,
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  };
}

async function send(req: HttpRequest, dispatcher: Agent, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  signal.throwIfAborted();
  try {
    return await request(req.url, { method: req.method, headers: req.headers, body: req.body, dispatcher, signal });
  } catch (error) {
    throw connectionError(error, req, signal);
  }
}

async function outcome(
  req: HttpRequest,
  response: Dispatcher.ResponseData,
  {
    expected,
    limit,
    startedAt,
    context,
  }: { readonly expected: Expected; readonly limit: number; readonly startedAt: number; readonly context: TaskContext },
): Promise<Json> {
  const status = response.statusCode;
  let bytes: Buffer;
  try {
    bytes = await readBody(response.body, header(response.headers, 'content-encoding'), limit);
  } catch (error) {
    throw connectionError(error, req, context.signal);
  }
  context.log.info(`${shown(req)} -> ${status} (${bytes.length} bytes, ${Date.now() - startedAt} ms)`);
  if (expected(status))
    return {
      status,
      headers: headersOf(response.headers),
      body: req.method === 'HEAD' ? null : bodyValue(bytes, header(response.headers, 'content-type')),
    };
  if (bytes.length > 0) context.log.info(`body: ${bytes.subarray(0, 1000).toString('utf8')}`);
  throw new TaskError(
    'HttpStatusError',
    `${shown(req)} answered ${status}${STATUS_CODES[status] === undefined ? '' : ` ${STATUS_CODES[status]}`}`,
    {
      details: { status },
      retryable: status === 408 || status === 429 || status >= 500,
      retryAfterMs: retryAfter(header(response.headers, 'retry-after')),
    },
  );
}

function redirected(req: HttpRequest, status: number, url: URL): HttpRequest {
  const toGet = status === 303 ? req.method !== 'HEAD' : (status === 301 || status === 302) && req.method === 'POST';
  const kept = Object.entries(req.headers).filter(
    ([name]) => (url.origin === req.url.origin || FOLLOWS.has(name)) && !(toGet && name.startsWith('content-')),
  );
  return { url, method: toGet ? 'GET' : req.method, headers: Object.fromEntries(kept), body: toGet ? undefined : req.body };
}

function expectedStatuses(reader: InputReader): Expected {
  const expect = reader.object('expect');
  if (expect === undefined) return (status) => status >= 200 && status < 300;
  const list = expect.status;
  if (!Array.isArray(list) || list.length === 0 || list.some((one) => !Number.isInteger(one)))
    throw reader.bad('expect.status', 'a list of statuses', list ?? null);
  return (status) => list.includes(status);
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** Without the query, which often holds keys. */
function shown(req: HttpRequest): string {
  return `${req.method} ${req.url.origin}${req.url.pathname}`;
}

function connectionError(error: unknown, req: HttpRequest, signal: AbortSignal): unknown {
  if (error instanceof TaskError || signal.aborted) return error;
  const cause = (error as Error).cause;
  if (cause instanceof TaskError) return cause;
  const code = (error as NodeJS.ErrnoException).code ?? (error as Error).name;
  return new TaskError('HttpConnectionError', `${shown(req)} failed: ${(error as Error).message || code}`, {
    details: { code },
  });
}

function header(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function headersOf(headers: Dispatcher.ResponseData['headers']): Json {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string | string[]] => entry[1] !== undefined),
  );
}

/** Seconds or a date -> ms from now. */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
