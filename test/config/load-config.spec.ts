import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Environment } from '../../src/config/setting-reader.js';
import { SETTINGS } from '../../src/config/settings.js';
import { SYSTEM_QUEUE } from '../../workflows/contract.js';

const HOME = { HOME: '/home/someone' };
const load = (env: Environment) => loadConfig({ ...HOME, ...env });
const problems = (env: Environment) => {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.variable);
    throw error;
  }
  return [];
};

test('an empty environment gives the documented defaults', () => {
  const config = load({});
  expect(config).toMatchObject({
    role: 'all',
    host: '127.0.0.1',
    port: 3000,
    auth: 'none',
    taskQueue: 'baton',
    ownQueues: ['baton'],
    retentionMs: 30 * 86_400_000,
    temporal: { namespace: 'default', embedded: { port: 7233, uiPort: 8233, cacheDir: '/home/someone/.cache/baton' } },
    worker: { queues: ['baton', SYSTEM_QUEUE], activities: 200, shutdownGraceMs: 10_000 },
    enabledTaskTypes: [],
    limits: { body: 4_194_304, tasks: 10_000, edges: 200_000, depth: 100, attempts: 100, page: 200 },
  });
  expect(config.temporal.address).toBeUndefined();
  expect(config.home).toBe(`${process.cwd()}/.baton`);
  expect(config.objects).toEqual({ root: `${process.cwd()}/.baton/objects`, shared: false });
});

test('an empty variable counts as unset, spaces do not count', () => {
  expect(load({ PORT: '', BATON_ROLE: ' all ', TEMPORAL_ADDRESS: '' })).toMatchObject({ port: 3000, role: 'all' });
});

test('all problems come in one message that names variable, value and fix', () => {
  const env = {
    PORT: '99999',
    BATON_RETENTION: 'soon',
    BATON_ROLE: 'boss',
    BATON_ENABLE_TASK_TYPES: 'shell,magic',
    BATON_WORKER_ACTIVITIES: '0',
    BATON_OBJECTS_SHARED: 'maybe',
  };
  expect(problems(env).sort()).toEqual(Object.keys(env).concat('BATON_ROLE').sort());
  expect(() => load({ PORT: 'http' })).toThrow(
    'The configuration cannot be used (1 problem):\n  PORT="http": write a port from 1 to 65535, or 0 to pick a free one.',
  );
});

describe('what is not safe refuses to start', () => {
  test.each(['0.0.0.0', '::', '192.168.1.5', 'example.org'])(
    'another bind than loopback without authentication: %s',
    (HOST) => {
      expect(problems({ HOST })).toEqual(['HOST']);
      expect(problems({ HOST, BATON_AUTH: 'external' })).toEqual([]);
    },
  );
  test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])('loopback is fine: %s', (HOST) => {
    expect(problems({ HOST })).toEqual([]);
  });
  test('split roles on a folder that is not shared', () => {
    expect(problems({ BATON_ROLE: 'api' })).toEqual(['BATON_ROLE']);
    expect(
      problems({ BATON_ROLE: 'worker', TEMPORAL_ADDRESS: 'temporal:7233', BATON_OBJECTS_SHARED: 'true', HOST: '0.0.0.0' }),
    ).toEqual([]);
  });
  test('a worker without a Temporal server', () => {
    expect(problems({ BATON_ROLE: 'worker', BATON_OBJECTS_SHARED: 'true' })).toEqual(['TEMPORAL_ADDRESS']);
  });
  test('a retention below what Temporal allows, two equal ports, the system queue as queue of runs, a queue nobody declared', () => {
    expect(problems({ BATON_RETENTION: '5h' })).toEqual(['BATON_RETENTION']);
    expect(problems({ BATON_PYTHON_KEEP: '30m' })).toEqual(['BATON_PYTHON_KEEP']);
    expect(problems({ BATON_TEMPORAL_PORT: '8233' })).toEqual(['BATON_TEMPORAL_UI_PORT']);
    expect(problems({ BATON_TASK_QUEUE: 'baton-system' })).toEqual(['BATON_TASK_QUEUE']);
    expect(problems({ BATON_WORKER_QUEUES: 'baton,gpu' })).toEqual(['BATON_WORKER_QUEUES']);
    expect(problems({ BATON_WORKER_QUEUES: 'baton,gpu', BATON_OWN_QUEUES: 'gpu' })).toEqual([]);
  });
});

test("Temporal's standard environment is read: address, namespace, API key, TLS, headers", () => {
  const { temporal } = load({
    TEMPORAL_ADDRESS: 'ns.tmprl.cloud:7233',
    TEMPORAL_NAMESPACE: 'ns',
    TEMPORAL_API_KEY: 'key',
    TEMPORAL_GRPC_META_X_TEAM: 'data',
  });
  expect(temporal).toMatchObject({
    address: 'ns.tmprl.cloud:7233',
    namespace: 'ns',
    apiKey: 'key',
    tls: true,
    metadata: { 'x-team': 'data' },
  });
  expect(problems({ TEMPORAL_ADDRESS: 'http://localhost:7233' })).toEqual(['TEMPORAL_ADDRESS']);
  expect(
    problems({
      TEMPORAL_ADDRESS: 'a:1',
      TEMPORAL_TLS_CLIENT_CERT_PATH: '/does/not/exist',
      TEMPORAL_TLS_CLIENT_KEY_PATH: '/does/not/exist',
    }),
  ).toEqual(['TEMPORAL_ADDRESS']);
  // Somebody's own settings file for other work is not ours to use.
  expect(load({ HOME: '/root' }).temporal.address).toBeUndefined();
});

test('secrets are found by their prefix, and printing the configuration shows none', () => {
  const config = load({ BATON_SECRET_TOKEN: 'hunter2' });
  expect(config.secrets.values.get('TOKEN')).toBe('hunter2');
  expect(JSON.stringify(config)).not.toContain('hunter2');
});

test('connections are addresses by their name in capitals, and no message or printed configuration shows one', () => {
  const config = load({ BATON_CONNECTION_WAREHOUSE: 'postgresql://me:hunter2@db/x', BATON_CONNECTION_EMPTY: ' ' });
  expect([...config.connections.values]).toEqual([['WAREHOUSE', 'postgresql://me:hunter2@db/x']]);
  expect(JSON.stringify(config)).not.toContain('hunter2');
  const wrong = {
    BATON_CONNECTION_warehouse: 'postgresql://me:hunter2@db/x',
    BATON_CONNECTION_OTHER: 'mysql://me:hunter2@db/x',
  };
  expect(problems(wrong)).toEqual(Object.keys(wrong));
  expect(() => load(wrong)).not.toThrow(/hunter2/);
  expect(problems({ BATON_CONNECTION_BROKEN: 'postgresql://a b@:x' })).toEqual(['BATON_CONNECTION_BROKEN']);
});

test('paths of activity modules become absolute, names of packages stay', () => {
  expect(load({ BATON_ACTIVITIES: './a.js, b/c.ts, @me/tasks, tasks' }).activityModules).toEqual([
    `${process.cwd()}/a.js`,
    `${process.cwd()}/b/c.ts`,
    '@me/tasks',
    'tasks',
  ]);
});

test('every setting has a sentence of its own, a name of ours or a standard one, and no double', () => {
  const names = SETTINGS.map((setting) => setting.name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, about } of SETTINGS) {
    expect(name).toMatch(/^(BATON_[A-Z_]+|TEMPORAL_ADDRESS|TEMPORAL_NAMESPACE|PORT|HOST)$/);
    expect(about).toMatch(/\.$/);
  }
});
