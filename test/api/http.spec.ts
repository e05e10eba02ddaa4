import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlobStore } from '../../src/api/blob-store.js';
import { Readiness } from '../../src/api/health/readiness.js';
import { createHttpApplication } from '../../src/api/http-application.js';
import { createLogger, PinoLoggerService } from '../../src/api/logging/pino-logger.service.js';
import { ApiSettings } from '../../src/api/settings.js';
import { AppModule } from '../../src/app.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { ApprovalGateway } from '../../src/temporal/approval-gateway.js';
import { BackfillGateway } from '../../src/temporal/backfill-gateway.js';
import { DagGateway } from '../../src/temporal/dag-gateway.js';
import { freePort } from '../../src/temporal/local-port.js';
import { PoolGateway } from '../../src/temporal/pool-gateway.js';
import { QueueGateway } from '../../src/temporal/queue-gateway.js';
import { RunGateway } from '../../src/temporal/run-gateway.js';
import { RunInputs } from '../../src/temporal/run-inputs.js';
import { ScheduleGateway } from '../../src/temporal/schedule-gateway.js';
import { TemporalConnection } from '../../src/temporal/temporal-connection.js';
import { VersionStore } from '../../src/temporal/version-store.js';

/** The whole interface over real gateways whose Temporal is away: what must be answered without it. */
describe('the REST interface without Temporal', () => {
  let app: NestExpressApplication;
  let home: string;
  let connection: TemporalConnection;
  const api = () => request(app.getHttpServer());

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'baton-api-'));
    const config = loadConfig({ BATON_HOME: home, BATON_LOG_LEVEL: 'silent' });
    const store = new FolderStore(join(home, 'objects'));
    connection = new TemporalConnection({ address: `127.0.0.1:${await freePort()}`, namespace: 'default', identity: 'test' });
    const versions = new VersionStore(store);
    const dags = new DagGateway(connection, store);
    app = await createHttpApplication(
      AppModule.of({
        dags,
        versions,
        inputs: new RunInputs(dags, versions, store),
        runs: new RunGateway(connection, store, config.taskQueue, { dags, versions }),
        schedules: new ScheduleGateway(connection, versions, config.taskQueue),
        queues: new QueueGateway(connection),
        approvals: new ApprovalGateway(connection),
        pools: new PoolGateway(connection),
        backfills: new BackfillGateway(connection, store),
        blobs: new BlobStore(store),
        settings: new ApiSettings(config, undefined),
        readiness: new Readiness(async () => ({ temporal: await connection.ready(200), worker: true })),
      }),
      new PinoLoggerService(createLogger('silent')),
    );
    await app.listen(0, '127.0.0.1');
  }, 60_000);

  afterAll(async () => {
    await app?.close();
    await connection?.close();
    await rm(home, { recursive: true, force: true });
  });

  const VALID = 'id: d\ntasks: { a: { type: noop }, b: { type: noop, dependsOn: [a] } }\n';

  it('is live, and not ready', async () => {
    await api().get('/health/live').expect(200, { status: 'live' });
    const { body } = await api().get('/health/ready').expect(503);
    expect(body).toEqual({ status: 'not_ready', temporal: false, worker: true });
  });

  it('answers 503 with Retry-After within 5 seconds', async () => {
    const calls = [
      api().get('/api/v1/dags/d'),
      api().get('/api/v1/runs'),
      api().post('/api/v1/dags/d/runs'),
      api().put('/api/v1/dags/d').type('application/yaml').send(VALID),
    ];
    const began = Date.now();
    for (const { body, headers, status, type } of await Promise.all(calls)) {
      expect([status, type]).toEqual([503, 'application/problem+json']);
      expect(body.code).toBe('temporal_unavailable');
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|UNAVAILABLE|ECONN|at .*\.(ts|js)/);
    }
    expect(Date.now() - began).toBeLessThan(5_000);
  });

  it('validates without it, and draws the graph', async () => {
    const { body } = await api().post('/api/v1/dags/validate').type('application/yaml').send(VALID).expect(200);
    expect(body).toMatchObject({ valid: true, issues: [], graph: { layers: [['a'], ['b']], criticalPath: ['a', 'b'] } });
    const bad = await api()
      .post('/api/v1/dags/validate')
      .type('application/json')
      .send('{"id":"d","tasks":{"a":{"type":"noop","dependsOn":["a"]}}}')
      .expect(200);
    expect(bad.body).toMatchObject({ valid: false, issues: [{ code: 'dependency_on_itself', severity: 'error', line: 1 }] });
    expect(bad.body.graph).toBeUndefined();
  });

  it('takes a compressed spec', async () => {
    const packed = gzipSync(VALID);
    const { body } = await api()
      .post('/api/v1/dags/validate')
      .set('Content-Encoding', 'gzip')
      .type('application/yaml')
      .serialize((text) => text)
      .send(packed as unknown as string)
      .expect(200);
    expect(body.valid).toBe(true);
  });

  it('lists task types and serves the JSON Schema', async () => {
    const { body } = await api().get('/api/v1/task-types').expect(200);
    expect(body.items).toContainEqual({ type: 'shell', summary: expect.any(String), carriedOutBy: 'activity', enabled: false });
    const schema = await api()
      .get('/api/v1/schema')
      .expect(200)
      .expect('Content-Type', /schema\+json/);
    expect(schema.body).toEqual(JSON.parse(await readFile('docs/dag.schema.json', 'utf8')));
    await api()
      .get('/api/v1/schema')
      .set('If-None-Match', schema.headers.etag as string)
      .expect(304, '');
    await api().get('/api/v1/schema').set('If-None-Match', '"another"').expect(200);
  });

  it('serves its OpenAPI document, whose every call has a summary and described answers', async () => {
    const { body } = await api().get('/api/openapi.json').expect(200);
    const calls = Object.entries(
      body.paths as Record<string, Record<string, { summary?: string; responses: Record<string, { content?: object }> }>>,
    );
    expect(calls.length).toBeGreaterThan(20);
    for (const [path, methods] of calls) {
      for (const [method, call] of Object.entries(methods)) {
        expect(call.summary, `${method} ${path}`).toBeTruthy();
        if (path.startsWith('/api/v1') && !['/api/v1/task-types', '/api/v1/schema'].includes(path))
          expect(Object.keys(call.responses), `${method} ${path}`).toContain('400');
      }
    }
    const text = JSON.stringify(body);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g))
      expect(body.components.schemas, name).toHaveProperty(name as string);
  });

  it('serves the page of its documentation without anything from elsewhere, and without inline script', async () => {
    const { text, headers } = await api().get('/api/docs').redirects(1).expect(200);
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(text).not.toMatch(/<script(?![^>]*src=)[^>]*>\s*\S/);
    for (const [, asset] of text.matchAll(/(?:src|href)="\.?\/?([^"]+\.(?:js|css))"/g)) {
      await api()
        .get(`/api/docs/${String(asset).replace(/^(api\/)?docs\//, '')}`)
        .expect(200);
    }
  });

  it('has no CORS and echoes a well-formed request id', async () => {
    const { headers } = await api()
      .get('/health/live')
      .set('Origin', 'https://evil.example')
      .set('X-Request-Id', 'abc-1')
      .expect(200);
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['x-request-id']).toBe('abc-1');
    expect(headers['x-powered-by']).toBeUndefined();
    const other = await api().get('/health/live').set('X-Request-Id', 'a b{}').expect(200);
    expect(other.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers only to host names of this machine', async () => {
    for (const host of ['localhost:3000', '127.0.0.1', '[::1]:80', 'LOCALHOST'])
      await api().get('/health/live').set('Host', host).expect(200);
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io:80', '10.0.0.1', '']) {
      const { body } = await api()
        .get('/health/live')
        .set('Host', host)
        .expect(421)
        .expect('Content-Type', /problem\+json/);
      expect(body.code).toBe('wrong_host');
    }
  });

  it('makes no change for a page of another site, which a browser would send without asking us', async () => {
    for (const headers of [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site', Origin: 'http://127.0.0.1:8233' },
      { Origin: 'http://evil.example' },
      { Origin: 'null' },
    ]) {
      const { body } = await api()
        .post('/api/v1/runs/d@a/cancel')
        .set(headers)
        .expect(403)
        .expect('Content-Type', /problem\+json/);
      expect(body.code).toBe('wrong_origin');
      await api().get('/health/live').set(headers).expect(200);
    }
    for (const headers of [{ 'Sec-Fetch-Site': 'same-origin' }, { Host: 'localhost:3000', Origin: 'http://localhost:3000' }]) {
      await api().post('/api/v1/runs/no-run/cancel').set(headers).expect(400);
    }
  });

  it('says what is wrong with what is no request', async () => {
    const { port } = app.getHttpServer().address() as AddressInfo;
    for (const [text, status, code] of [
      ['FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'bad_request'],
      [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ] as const) {
      const answer = await rawAnswer(port, text);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer).toContain('application/problem+json');
      expect(answer).toContain(`"code":"${code}"`);
    }
  });

  it('names every operation of the OpenAPI document once', async () => {
    const { body } = await api().get('/api/openapi.json').expect(200);
    const ids = Object.values(body.paths as { [path: string]: { [method: string]: { operationId: string } } }).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(ids).toContain('runsCancel');
    expect(new Set(ids).size).toBe(ids.length);
  });

  describe('refuses', () => {
    const json = 'application/json';
    const yaml = 'application/yaml';
    const cases: readonly (readonly [what: string, send: () => request.Test, status: number, code: string])[] = [
      ['an unknown address', () => api().get('/api/v1/nothing'), 404, 'route_not_found'],
      ['an address outside the base path', () => api().get('/dags'), 404, 'route_not_found'],
      ['a wrong method', () => api().post('/api/v1/dags/d'), 405, 'method_not_allowed'],
      ['a wrong method on the documentation', () => api().delete('/api/openapi.json'), 405, 'method_not_allowed'],
      ['an unknown query parameter', () => api().get('/api/v1/runs?dag=d'), 400, 'unknown_parameter'],
      ['a query parameter where none is known', () => api().get('/api/v1/dags/d?verbose=1'), 400, 'unknown_parameter'],
      ['a query parameter with a prototype name', () => api().get('/api/v1/runs?__proto__=1'), 400, 'unknown_parameter'],
      ['an ill-typed limit', () => api().get('/api/v1/runs?limit=ten'), 400, 'invalid_fields'],
      ['an empty limit', () => api().get('/api/v1/runs?limit='), 400, 'invalid_fields'],
      ['a limit above the largest page', () => api().get('/api/v1/dags?limit=201'), 400, 'invalid_fields'],
      ['a repeated parameter', () => api().get('/api/v1/runs?state=failed&state=success'), 400, 'invalid_fields'],
      ['an unknown state', () => api().get('/api/v1/runs?state=done'), 400, 'invalid_fields'],
      ['a bad cursor of tasks', () => api().get('/api/v1/runs/d@x/tasks?cursor=%25'), 400, 'invalid_cursor'],
      ['a bad DAG id', () => api().get('/api/v1/dags/a:b'), 400, 'invalid_id'],
      ['a DAG id with dots that climb', () => api().get('/api/v1/dags/..%2f..%2fetc'), 400, 'invalid_id'],
      ['an address that is not well encoded', () => api().get('/api/v1/dags/%ff'), 400, 'bad_request'],
      ['a bad run id', () => api().get('/api/v1/runs/dag:d'), 400, 'invalid_id'],
      ['a bad task id', () => api().get('/api/v1/runs/d@x/tasks/a%20b'), 400, 'invalid_id'],
      ['a bad version', () => api().get('/api/v1/dags/d/versions/latest'), 400, 'invalid_id'],
      ['a bad wait', () => api().get('/api/v1/runs/d@x?wait=forever'), 400, 'invalid_fields'],
      ['too long a wait', () => api().get('/api/v1/runs/d@x?wait=1h'), 400, 'invalid_fields'],
      ['an empty spec', () => api().put('/api/v1/dags/d').type(yaml), 400, 'unreadable_spec'],
      ['a spec that is no YAML', () => api().put('/api/v1/dags/d').type(yaml).send('a: [1'), 400, 'unreadable_spec'],
      [
        'a spec that is no UTF-8',
        () =>
          api()
            .put('/api/v1/dags/d')
            .type(yaml)
            .send(Buffer.from([0x69, 0x64, 0x3a, 0xff, 0xfe]) as unknown as string),
        400,
        'unreadable_spec',
      ],
      [
        'a spec of another media type',
        () => api().put('/api/v1/dags/d').type('text/plain').send(VALID),
        415,
        'unsupported_media_type',
      ],
      [
        'a spec of another charset',
        () => api().put('/api/v1/dags/d').set('Content-Type', 'application/yaml; charset=utf-16').send(VALID),
        415,
        'unsupported_media_type',
      ],
      [
        'an unknown encoding',
        () => api().put('/api/v1/dags/d').type(yaml).set('Content-Encoding', 'compress').send(VALID),
        415,
        'unsupported_media_type',
      ],
      [
        'damaged compression',
        () => api().put('/api/v1/dags/d').type(yaml).set('Content-Encoding', 'gzip').send(VALID),
        400,
        'bad_request',
      ],
      [
        'a body of 5 MB',
        () =>
          api()
            .put('/api/v1/dags/d')
            .type(yaml)
            .send(`# ${'x'.repeat(5_000_000)}`),
        413,
        'body_too_large',
      ],
      ['another id in the body', () => api().put('/api/v1/dags/e').type(yaml).send(VALID), 422, 'invalid_spec'],
      [
        'both preconditions',
        () => api().put('/api/v1/dags/d').type(yaml).set('If-Match', '*').set('If-None-Match', '*').send(VALID),
        400,
        'invalid_header',
      ],
      [
        'an ETag without quotes',
        () => api().put('/api/v1/dags/d').type(yaml).set('If-Match', 'abc').send(VALID),
        400,
        'invalid_header',
      ],
      [
        'a change that is no JSON',
        () => api().patch('/api/v1/dags/d').type(json).send('{"paused": tru'),
        400,
        'malformed_json',
      ],
      [
        'a change that is a form',
        () => api().patch('/api/v1/dags/d').type('form').send('paused=true'),
        415,
        'unsupported_media_type',
      ],
      ['a change of nothing', () => api().patch('/api/v1/dags/d').send({}), 400, 'invalid_fields'],
      [
        'a change of something else',
        () => api().patch('/api/v1/dags/d').send({ paused: true, id: 'e' }),
        400,
        'invalid_fields',
      ],
      ['a start with a list as body', () => api().post('/api/v1/dags/d/runs').send([]), 400, 'invalid_fields'],
      [
        'a start with a date that does not exist',
        () => api().post('/api/v1/dags/d/runs').send({ logicalDate: '2026-02-30T00:00:00Z' }),
        400,
        'invalid_fields',
      ],
      [
        'a start nested too deeply',
        () =>
          api()
            .post('/api/v1/dags/d/runs')
            .type(json)
            .send(`{"params":${'['.repeat(5_000)}${']'.repeat(5_000)}}`),
        400,
        'too_deep',
      ],
      ['an empty Idempotency-Key', () => api().post('/api/v1/dags/d/runs').set('Idempotency-Key', ''), 400, 'invalid_header'],
    ];

    it.each(cases)('%s', async (_what, send, status, code) => {
      const { body, headers } = await send();
      expect([headers['content-type'], body.status, body.code]).toEqual(['application/problem+json', status, code]);
      expect(body).toMatchObject({
        type: `urn:baton:problem:${code}`,
        title: expect.any(String),
        detail: expect.any(String),
        instance: expect.stringMatching(/^\//),
        requestId: expect.any(String),
      });
      expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:|\.js:|Error:|\/work|\/tmp/);
    });

    it('a method with the list of those that are taken', async () => {
      const { headers } = await api().delete('/api/v1/runs/d@x');
      expect(headers.allow).toBe('GET, HEAD');
    });

    it('a spec with all its issues, and stores nothing', async () => {
      const { body } = await api()
        .put('/api/v1/dags/other')
        .type(yaml)
        .send('id: d\nretries: 3\ntasks: { a: { type: nope } }\n')
        .expect(422);
      expect(body.issues.map(({ code }: { code: string }) => code).sort()).toEqual([
        'foreign_name',
        'id_mismatch',
        'unknown_task_type',
      ]);
      expect(await readdir(join(home, 'objects', 'dags')).catch(() => [])).not.toContain('other');
    });

    it('a body that is cut off', async () => {
      const { port } = app.getHttpServer().address() as AddressInfo;
      const socket = connect(port, '127.0.0.1');
      socket.write(
        'PUT /api/v1/dags/d HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\nContent-Length: 1000\r\n\r\nid: d',
      );
      socket.end();
      await new Promise((resolve) => socket.on('close', resolve).resume());
      await api().get('/health/live').expect(200);
    });
  });
});

/** What comes back over a connection on which `text` was written as it is. */
function rawAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
