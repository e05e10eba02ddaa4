import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpHandler } from '../../../activities/handlers/http.js';
import type { Json } from '../../../src/dag/json.js';
import { taskContext } from './task-context.js';

let server: Server;
let other: Server;
let base: string;
let otherBase: string;
let listener: RequestListener;
const seen: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[] = [];

async function listen(handler: RequestListener): Promise<[Server, string]> {
  const made = createServer(handler).listen(0, '127.0.0.1');
  await once(made, 'listening');
  return [made, `http://127.0.0.1:${(made.address() as AddressInfo).port}`];
}
beforeAll(async () => {
  const record: RequestListener = (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (c: Buffer) => chunks.push(c));
    req.on('end', () => {
      seen.push({ method: req.method, url: req.url, headers: req.headers, body: Buffer.concat(chunks).toString() });
      listener(req, res);
    });
  };
  [server, base] = await listen(record);
  [other, otherBase] = await listen(record);
});
afterAll(() => {
  for (const s of [server, other]) {
    s.closeAllConnections();
    s.close();
  }
});

const call = async (
  input: { [field: string]: Json },
  settings: Parameters<typeof httpHandler>[0] = {},
  context = taskContext(),
): Promise<Json> => {
  seen.length = 0;
  return (await httpHandler({ allowPrivateHosts: ['127.0.0.1'], ...settings }).run(
    { url: base, ...input },
    await context,
  )) as Json;
};
const answers = (status: number, headers: { [name: string]: string | string[] }, body: string | Buffer = ''): void => {
  listener = (_, res: ServerResponse) => res.writeHead(status, headers).end(body);
};

describe('an http task', () => {
  it('returns status, headers and the parsed JSON', async () => {
    answers(200, { 'content-type': 'application/json; charset=utf-8', 'x-a': 'b' }, '{"a":[1,"ü"]}');
    expect(await call({})).toMatchObject({ status: 200, headers: { 'x-a': 'b' }, body: { a: [1, 'ü'] } });
  });

  it('sends method, query, headers and body, objects as JSON', async () => {
    answers(201, {}, '');
    expect(
      await call({
        url: `${base}/p?x=1#frag`,
        method: 'POST',
        query: { day: '2024-01-01', n: 5, many: ['a', 'b&c'], none: null },
        headers: { 'X-Key': 'v', 'x-num': 1 },
        body: { a: null },
      }),
    ).toMatchObject({ status: 201, body: null });
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/p?x=1&day=2024-01-01&n=5&many=a&many=b%26c',
      body: '{"a":null}',
      headers: { 'x-key': 'v', 'x-num': '1', 'content-type': 'application/json' },
    });
    await call({ method: 'PUT', body: 'text', headers: { 'content-type': 'text/csv' } });
    expect(seen[0]).toMatchObject({ method: 'PUT', body: 'text', headers: { 'content-type': 'text/csv' } });
  });

  it.each([
    ['text/plain; charset=latin1', Buffer.from([0xfc]), 'ü'],
    ['text/csv', Buffer.from('a,b'), 'a,b'],
    ['application/octet-stream', Buffer.from([0xff, 0xfe, 0x00]), { base64: '//4A' }],
    ['application/xml', Buffer.from('<a/>'), '<a/>'],
    ['application/problem+json', Buffer.from('{}'), {}],
  ])('gives a body of type %s as what it is', async (type, bytes, body) => {
    answers(200, { 'content-type': type }, bytes);
    expect(await call({})).toMatchObject({ body });
  });

  it('unpacks responses, also packed twice', async () => {
    for (const [encoding, packed] of [
      ['gzip', gzipSync('"x"')],
      ['deflate', deflateSync('"x"')],
      ['br', brotliCompressSync('"x"')],
      ['gzip, br', brotliCompressSync(gzipSync('"x"'))],
    ] as const) {
      answers(200, { 'content-type': 'application/json', 'content-encoding': encoding }, packed);
      expect(await call({})).toMatchObject({ body: 'x' });
    }
    answers(200, { 'content-encoding': 'gzip' }, 'not packed');
    await expect(call({})).rejects.toMatchObject({ type: 'HttpBadResponse' });
  });

  it('refuses a response that is too large, packed or unpacked, by name', async () => {
    answers(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(20 * 1024 * 1024)));
    await expect(call({})).rejects.toMatchObject({
      type: 'HttpResponseTooLarge',
      retryable: false,
      message: expect.stringContaining('10485760'),
    });
    answers(200, {}, Buffer.alloc(2000));
    await expect(call({ maxResponseBytes: 1999 })).rejects.toMatchObject({ type: 'HttpResponseTooLarge' });
    await expect(call({ maxResponseBytes: 5000 }, { maxBytes: 1999 })).rejects.toMatchObject({ type: 'HttpResponseTooLarge' });
    expect(await call({ maxResponseBytes: 2000 })).toMatchObject({ status: 200 });
  });

  it.each([
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [409, false],
    [422, false],
    [429, true],
    [500, true],
    [501, true],
    [503, true],
    [304, false],
  ])('fails on %i, worth another try: %s', async (status, retryable) => {
    answers(status, {}, status === 304 ? '' : 'why');
    await expect(call({ url: `${base}/p?key=secret` })).rejects.toMatchObject({
      type: 'HttpStatusError',
      retryable,
      details: { status },
      message: expect.not.stringContaining('secret'),
    });
  });

  it('takes what is expected and nothing else', async () => {
    answers(404, {}, '');
    expect(await call({ expect: { status: [200, 404] } })).toMatchObject({ status: 404 });
    answers(200, {}, '');
    await expect(call({ expect: { status: [404] } })).rejects.toMatchObject({
      type: 'HttpStatusError',
      details: { status: 200 },
    });
    await expect(call({ expect: { status: [] } })).rejects.toMatchObject({ type: 'BadInput' });
  });

  it('passes Retry-After on, as seconds or as a date', async () => {
    answers(429, { 'retry-after': '7' });
    await expect(call({})).rejects.toMatchObject({ retryAfterMs: 7000 });
    answers(503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
    const error = await call({}).catch((e) => e);
    expect(error.retryAfterMs).toBeGreaterThan(57_000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it('takes no other Retry-After for one, and none that has passed', async () => {
    for (const text of ['soon', '-5', '1.5', '7 s']) {
      answers(503, { 'retry-after': text });
      await expect(
        call({}).catch((e) => e.retryAfterMs ?? 'none'),
        text,
      ).resolves.toSatisfy((ms) => ms === 'none' || ms === 0);
    }
    answers(503, { 'retry-after': new Date(Date.now() - 60_000).toUTCString() });
    await expect(call({})).rejects.toMatchObject({ retryAfterMs: 0 });
  });

  it('carries the key of the task where it changes something, unless the author gives another', async () => {
    answers(200, {});
    const keys: unknown[] = [];
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      await call({ method });
      keys.push(seen[0]?.headers['idempotency-key']);
    }
    const ours = '0123456789abcdef0123456789abcdef';
    expect(keys).toEqual([undefined, undefined, undefined, ours, ours, ours, ours]);
    await call({ method: 'POST', headers: { 'Idempotency-Key': 'mine' } });
    expect(seen[0]?.headers['idempotency-key']).toBe('mine');
  });

  it('follows redirects, as a GET after 303, and drops what may be secret at another origin', async () => {
    listener = (req, res) =>
      req.url === '/from' ? res.writeHead(303, { location: `${otherBase}/to` }).end() : res.writeHead(200).end('there');
    expect(
      await call({
        url: `${base}/from`,
        method: 'POST',
        body: { a: 1 },
        headers: { Authorization: 'Bearer s', 'X-Api-Key': 's' },
      }),
    ).toMatchObject({ body: 'there' });
    expect(seen[1]).toMatchObject({ method: 'GET', url: '/to', body: '' });
    for (const name of ['authorization', 'x-api-key', 'content-type', 'content-length'])
      expect(seen[1]?.headers[name]).toBeUndefined();
    listener = (req, res) =>
      req.url === '/from' ? res.writeHead(307, { location: 'to' }).end() : res.writeHead(200).end('there');
    await call({ url: `${base}/from`, method: 'POST', body: { a: 1 }, headers: { Authorization: 'Bearer s' } });
    expect(seen[1]).toMatchObject({ method: 'POST', url: '/to', body: '{"a":1}', headers: { authorization: 'Bearer s' } });
  });

  it('stops after five redirects and checks each of them', async () => {
    listener = (_, res) => res.writeHead(302, { location: '/again' }).end();
    await expect(call({})).rejects.toMatchObject({ type: 'HttpTooManyRedirects' });
    expect(seen).toHaveLength(6);
    for (const location of [
      'http://[::1]:1/',
      'http://169.254.169.254/latest/meta-data',
      'http://0x7f.0.0.2/',
      'file:///etc/passwd',
      'http://localhost:1/',
    ]) {
      listener = (_, res) => res.writeHead(302, { location }).end();
      await expect(call({})).rejects.toMatchObject({ type: 'HttpAddressNotAllowed' });
    }
    answers(302, { location: 'http://[::1]/' });
    expect(await call({ expect: { status: [302] } })).toMatchObject({ status: 302, headers: { location: 'http://[::1]/' } });
  });

  it('names a server that cannot be reached, cuts off or answers nonsense', async () => {
    const [closed, url] = await listen(() => undefined);
    closed.close();
    await expect(call({ url })).rejects.toMatchObject({
      type: 'HttpConnectionError',
      retryable: true,
      details: { code: 'ECONNREFUSED' },
    });
    listener = (_, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => res.destroy(), 20);
    };
    await expect(call({})).rejects.toMatchObject({ type: 'HttpConnectionError', retryable: true });
    answers(200, { 'content-type': 'application/json' }, '{"a":');
    await expect(call({})).rejects.toMatchObject({ type: 'HttpBadResponse' });
    await expect(call({ url: 'http://nowhere.invalid/' })).rejects.toMatchObject({ type: 'HttpConnectionError' });
  });

  it.each([
    [{ url: 5 }],
    [{ method: 'BREW' }],
    [{ headers: { host: 'x' } }],
    [{ headers: { 'a\nb': 'x' } }],
    [{ headers: { a: 'x\r\nb: y' } }],
    [{ headers: { 'content-length': '1' } }],
    [{ query: 'x' }],
    [{ headers: [] }],
  ])('refuses the input %j by name', async (input) => {
    await expect(call(input as never)).rejects.toMatchObject({ type: 'BadInput', retryable: false });
  });

  it('stops at once when it is cancelled', async () => {
    listener = (_, res) => void res.writeHead(200).write('begun');
    const context = await taskContext();
    const running = call({}, {}, Promise.resolve(context));
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const closed = once(server, 'connection').catch(() => undefined);
    context.abort.abort(new Error('asked to stop'));
    await expect(running).rejects.toThrow('asked to stop');
    void closed;
  });

  it('writes to its log what it called, without the query', async () => {
    answers(200, {}, 'hello');
    const context = await taskContext();
    await call({ url: `${base}/path?key=secret` }, {}, Promise.resolve(context));
    expect(await context.logText()).toMatch(
      /^\d{4}-.*Z info GET http:\/\/127\.0\.0\.1:\d+\/path -> 200 \(5 bytes, \d+ ms\)\n$/,
    );
  });
});
