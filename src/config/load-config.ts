import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { BatonConfig, Role, TemporalConfig } from './config.js';
import { ConfigError } from './config-error.js';
import { type Environment, SettingReader } from './setting-reader.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** As in the contract of the workflows, which this folder does not import; a test compares them. */
const SYSTEM_QUEUE = 'baton-system';
/** Variables that say where programs are and how pip reaches packages; nothing else of the environment is for packages to see. */
const FOR_PYTHON =
  /^(PATH|HOME|LANG|LC_[A-Z]+|TMPDIR|NETRC|PIP_[A-Z_]+|XDG_(CONFIG|CACHE)_(HOME|DIRS)|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(https?|no|all)_proxy)$/i;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

/**
 * Reads and checks the environment, once, at boot. This folder is the only reader of `process.env`.
 * @throws ConfigError naming every variable that cannot be used, its value and the fix.
 */
export function loadConfig(env: Environment = process.env): BatonConfig {
  const read = new SettingReader(env);
  const role = read.choice<Role>('BATON_ROLE');
  const auth = read.choice<'none' | 'external'>('BATON_AUTH');
  const host = read.text('HOST').replace(/^\[(.*)\]$/, '$1');
  if (auth !== 'external' && role !== 'worker' && !LOOPBACK.test(host)) {
    read.problem(
      'HOST',
      'anyone who reaches this address could run pipelines. Bind to 127.0.0.1, or put something in front that authenticates every request and set BATON_AUTH=external.',
    );
  }

  const home = read.path('BATON_HOME')!;
  const shared = read.boolean('BATON_OBJECTS_SHARED');
  if (role !== 'all' && !shared) {
    read.problem(
      'BATON_ROLE',
      'split roles must see the same objects. Point BATON_OBJECTS of every process to one shared volume and set BATON_OBJECTS_SHARED=true.',
    );
  }
  const retentionMs = read.duration('BATON_RETENTION');
  if (retentionMs > 0 && retentionMs < DAY_MS)
    read.problem('BATON_RETENTION', 'Temporal keeps closed runs for at least a day; write 1d or more.');

  const taskQueue = queueName(read, 'BATON_TASK_QUEUE');
  const ownQueues = [...new Set([taskQueue, ...read.list('BATON_OWN_QUEUES')])];
  const workerQueues = read.list('BATON_WORKER_QUEUES');
  const foreign = workerQueues.filter((queue) => queue !== SYSTEM_QUEUE && !ownQueues.includes(queue));
  if (foreign.length > 0)
    read.problem(
      'BATON_WORKER_QUEUES',
      `${foreign.join(', ')} would be worked on but counts as somebody else's; add it to BATON_OWN_QUEUES of every process.`,
    );

  const config: BatonConfig = {
    role,
    host,
    port: read.port('PORT'),
    auth,
    home,
    logLevel: read.choice('BATON_LOG_LEVEL'),
    temporal: temporalConfig(read, env, role),
    taskQueue,
    ownQueues,
    worker: {
      queues: workerQueues.length > 0 ? workerQueues : [...ownQueues, SYSTEM_QUEUE],
      activities: read.integer('BATON_WORKER_ACTIVITIES'),
      workflows: read.integer('BATON_WORKER_WORKFLOWS'),
      pollers: read.integer('BATON_WORKER_POLLERS'),
      cache: read.integer('BATON_WORKER_CACHE'),
      shutdownGraceMs: read.duration('BATON_SHUTDOWN_GRACE'),
    },
    retentionMs,
    objects: { root: read.path('BATON_OBJECTS') ?? join(home, 'objects'), shared },
    dataDir: read.path('BATON_DATA_DIR') ?? join(home, 'data'),
    activityModules: read
      .list('BATON_ACTIVITIES')
      .map((item) => (/^(\.|\/|[A-Za-z]:[\\/])|\.[cm]?[jt]s$/.test(item) ? resolve(item) : item)),
    enabledTaskTypes: read.list('BATON_ENABLE_TASK_TYPES'),
    python: {
      program: read.text('BATON_PYTHON'),
      environmentsDir: join(home, 'python'),
      keepMs: keepOfEnvironments(read),
      env: Object.fromEntries(Object.entries(env).filter(([name]) => FOR_PYTHON.test(name))),
    },
    http: { allowHosts: read.list('BATON_HTTP_ALLOW'), allowPrivate: read.list('BATON_HTTP_ALLOW_PRIVATE') },
    secrets: { dir: read.path('BATON_SECRETS_DIR'), values: family(env, 'BATON_SECRET_') },
    connections: {
      dir: read.path('BATON_CONNECTIONS_DIR'),
      values: connections(read, env),
      perDatabase: read.integer('BATON_MAX_CONNECTIONS'),
    },
    limits: {
      body: read.integer('BATON_MAX_BODY'),
      tasks: read.integer('BATON_MAX_TASKS'),
      edges: read.integer('BATON_MAX_EDGES'),
      depth: read.integer('BATON_MAX_DEPTH'),
      attempts: read.integer('BATON_MAX_ATTEMPTS'),
      page: read.integer('BATON_MAX_PAGE'),
    },
  };
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return config;
}

function temporalConfig(read: SettingReader, env: Environment, role: Role): TemporalConfig {
  const uiUrl = read.raw('BATON_TEMPORAL_UI_URL')?.replace(/\/+$/, '');
  if (uiUrl !== undefined && !/^https?:\/\//.test(uiUrl))
    read.problem('BATON_TEMPORAL_UI_URL', 'write a whole address, such as https://temporal.example.org.');
  const embedded = {
    port: read.port('BATON_TEMPORAL_PORT'),
    uiPort: read.port('BATON_TEMPORAL_UI_PORT'),
    binary: read.path('BATON_TEMPORAL_BIN'),
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !/^(BATON|TEMPORAL)_/.test(name))),
    cacheDir: join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'baton'),
  };
  if (embedded.port !== 0 && embedded.port === embedded.uiPort)
    read.problem('BATON_TEMPORAL_UI_PORT', 'is the same as BATON_TEMPORAL_PORT; choose another.');

  const own = { namespace: read.text('TEMPORAL_NAMESPACE'), uiUrl, embedded };
  let given: ReturnType<typeof loadClientConnectConfig>;
  try {
    given = loadClientConnectConfig({
      disableFile: !env.TEMPORAL_CONFIG_FILE && !env.TEMPORAL_PROFILE,
      overrideEnvVars: defined(env),
    });
  } catch (error) {
    read.problem('TEMPORAL_ADDRESS', `Temporal's own settings (TEMPORAL_*) cannot be used: ${(error as Error).message}.`);
    return own;
  }
  const { address, tls, apiKey, metadata } = given.connectionOptions;
  if (address === undefined) {
    if (role === 'worker')
      read.problem(
        'TEMPORAL_ADDRESS',
        'a process of role `worker` starts no Temporal server of its own; write the host:port of one.',
      );
    return own;
  }
  if (!/^(\[[0-9A-Fa-f:.]+\]|[^\s:/]+)(:\d{1,5})?$/.test(address))
    read.problem('TEMPORAL_ADDRESS', 'write host:port, such as localhost:7233, without a scheme.');
  return {
    ...own,
    address,
    namespace: given.namespace ?? own.namespace,
    tls: tls ?? undefined,
    apiKey: apiKey as string | undefined,
    metadata: metadata as TemporalConfig['metadata'],
  };
}

/** One that is in use says so every ten minutes. */
function keepOfEnvironments(read: SettingReader): number {
  const keepMs = read.duration('BATON_PYTHON_KEEP');
  if (keepMs > 0 && keepMs < HOUR_MS) read.problem('BATON_PYTHON_KEEP', 'write 1h or more.');
  return keepMs;
}

function queueName(read: SettingReader, name: 'BATON_TASK_QUEUE'): string {
  const queue = read.text(name);
  if (queue === SYSTEM_QUEUE) read.problem(name, `\`${SYSTEM_QUEUE}\` is kept for Baton's own work; choose another.`);
  return queue;
}

/** Addresses are not shown where they are wrong: they hold passwords. */
function connections(read: SettingReader, env: Environment): Map<string, string> {
  const found = new Map([...family(env, 'BATON_CONNECTION_')].filter(([, value]) => value.trim() !== ''));
  for (const [name, value] of found) {
    const variable = `BATON_CONNECTION_${name}`;
    if (!/^[A-Z0-9_]+$/.test(name))
      read.problems.push({
        variable,
        value: '***',
        fix: 'write its name in capitals, digits and _; a spec finds it whatever its case.',
      });
    else if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value))
      read.problems.push({ variable, value: '***', fix: 'write an address postgresql://user:password@host:5432/database.' });
  }
  return found;
}

function family(env: Environment, prefix: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && name.startsWith(prefix) && name.length > prefix.length)
      found.set(name.slice(prefix.length), value);
  }
  return found;
}

function defined(env: Environment): Record<string, string> {
  // An empty variable counts as unset, here too.
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])));
}
