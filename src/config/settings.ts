import type { Setting } from './setting.js';

/**
 * Every environment variable of Baton's own, in the order of the documentation. The standard variables of Temporal
 * (`TEMPORAL_TLS*`, `TEMPORAL_API_KEY`, `TEMPORAL_CONFIG_FILE`, `TEMPORAL_PROFILE`, `TEMPORAL_GRPC_META_*`) are read by
 * Temporal's own library; `BATON_SECRET_<NAME>` and `BATON_CONNECTION_<NAME>` are families (R25).
 */
export const SETTINGS = [
  {
    name: 'BATON_ROLE',
    kind: 'choice',
    choices: ['all', 'api', 'worker'],
    default: 'all',
    about: 'What this process does: serve the REST API, work on runs, or both.',
  },
  { name: 'PORT', kind: 'port', default: '3000', about: 'Port of the REST API; 0 picks a free one.' },
  {
    name: 'HOST',
    kind: 'text',
    default: '127.0.0.1',
    about: 'Address that the REST API binds to. Anything but loopback needs BATON_AUTH=external.',
  },
  {
    name: 'BATON_AUTH',
    kind: 'choice',
    choices: ['none', 'external'],
    default: 'none',
    about: '`external`: something in front of the service authenticates every request. `none`: loopback only.',
  },
  {
    name: 'BATON_HOME',
    kind: 'path',
    default: '.baton',
    about: 'Folder of all local data: the embedded Temporal server, and objects unless BATON_OBJECTS says otherwise.',
  },
  {
    name: 'BATON_LOG_LEVEL',
    kind: 'choice',
    choices: ['silent', 'error', 'warn', 'info', 'debug'],
    default: 'info',
    about: 'Least severe log line that is written.',
  },
  {
    name: 'TEMPORAL_ADDRESS',
    kind: 'text',
    about: 'host:port of a Temporal server. Unset: an embedded development server is started (not in role `worker`).',
  },
  { name: 'TEMPORAL_NAMESPACE', kind: 'text', default: 'default', about: 'Temporal namespace.' },
  {
    name: 'BATON_TEMPORAL_PORT',
    kind: 'port',
    default: '7233',
    about: 'Port of the embedded Temporal server; 0 picks a free one.',
  },
  {
    name: 'BATON_TEMPORAL_UI_PORT',
    kind: 'port',
    default: '8233',
    about: 'Port of the Web UI of the embedded Temporal server; 0 picks a free one.',
  },
  {
    name: 'BATON_TEMPORAL_UI_URL',
    kind: 'text',
    about: 'Base address of the Temporal Web UI, for links to runs. Default: that of the embedded server, else none.',
  },
  {
    name: 'BATON_TEMPORAL_BIN',
    kind: 'path',
    about:
      'The `temporal` program for the embedded server. Default: PATH, then the cache folder, then a download, then a build with Go.',
  },
  {
    name: 'BATON_TASK_QUEUE',
    kind: 'text',
    default: 'baton',
    about: 'Temporal task queue of runs and of their own activities.',
  },
  {
    name: 'BATON_OWN_QUEUES',
    kind: 'list',
    about:
      "More task queues that Baton workers serve: tasks sent there get Baton's activities. Every other queue belongs to somebody else's worker.",
  },
  {
    name: 'BATON_WORKER_QUEUES',
    kind: 'list',
    about: 'Task queues that this process works on. Default: BATON_TASK_QUEUE, BATON_OWN_QUEUES and `baton-system`.',
  },
  {
    name: 'BATON_WORKER_ACTIVITIES',
    kind: 'integer',
    default: '200',
    min: 1,
    max: 10_000,
    about: 'Activities at the same time per queue of this process.',
  },
  {
    name: 'BATON_WORKER_WORKFLOWS',
    kind: 'integer',
    default: '40',
    min: 2,
    max: 10_000,
    about: 'Workflow tasks at the same time per queue of this process.',
  },
  {
    name: 'BATON_WORKER_POLLERS',
    kind: 'integer',
    default: '10',
    min: 2,
    max: 1_000,
    about: 'Polls open at the same time, per queue and kind of task.',
  },
  {
    name: 'BATON_WORKER_CACHE',
    kind: 'integer',
    default: '500',
    min: 0,
    max: 1_000_000,
    about:
      'Runs kept in memory between two of their steps; one that is not is replayed from its history. With 0 a worker takes one step at a time.',
  },
  {
    name: 'BATON_SHUTDOWN_GRACE',
    kind: 'duration',
    default: '10s',
    about: 'How long running activities may go on after the process was asked to stop.',
  },
  {
    name: 'BATON_RETENTION',
    kind: 'duration',
    default: '30d',
    about: 'How long closed runs, their logs and outputs, and Idempotency-Keys are kept. At least 1d.',
  },
  { name: 'BATON_OBJECTS', kind: 'path', about: 'Folder of the object store. Default: `objects` below BATON_HOME.' },
  {
    name: 'BATON_OBJECTS_SHARED',
    kind: 'boolean',
    default: 'false',
    about: 'Says that all processes see the same BATON_OBJECTS folder; needed for the roles `api` and `worker`.',
  },
  {
    name: 'BATON_DATA_DIR',
    kind: 'path',
    about: 'Folder that file names of sql, shell and python tasks are relative to. Default: `data` below BATON_HOME.',
  },
  {
    name: 'BATON_ACTIVITIES',
    kind: 'list',
    about: 'Modules with your own activities: paths of JavaScript or TypeScript files, or names of packages.',
  },
  { name: 'BATON_ENABLE_TASK_TYPES', kind: 'list', choices: ['shell', 'python'], about: 'Task types that are off by default.' },
  {
    name: 'BATON_PYTHON',
    kind: 'text',
    default: 'python3',
    about: 'The Python, 3.8 or newer, of python tasks: a path, or a name on PATH.',
  },
  {
    name: 'BATON_PYTHON_KEEP',
    kind: 'duration',
    default: '30d',
    about: 'Virtual environments of python tasks that none has used for so long are deleted, about once a day. At least 1h.',
  },
  {
    name: 'BATON_HTTP_ALLOW',
    kind: 'list',
    about: 'Hosts that http tasks may call; `*.example.org` allows all below. Default: every public host.',
  },
  {
    name: 'BATON_HTTP_ALLOW_PRIVATE',
    kind: 'list',
    about:
      'Hosts (`warehouse.internal`, `localhost:8080`, `10.0.0.5`) that http tasks may call though their addresses are private.',
  },
  {
    name: 'BATON_SECRETS_DIR',
    kind: 'path',
    about:
      'Folder with one file per secret; `secrets.NAME` reads the file NAME. BATON_SECRET_<NAME> in the environment goes first.',
  },
  {
    name: 'BATON_CONNECTIONS_DIR',
    kind: 'path',
    about:
      'Folder with one file per connection of sql tasks, holding its address; `connection: NAME` reads the file NAME. BATON_CONNECTION_<NAME> goes first.',
  },
  {
    name: 'BATON_MAX_CONNECTIONS',
    kind: 'integer',
    default: '10',
    min: 1,
    max: 1_000,
    about: 'Connections that sql tasks of this process have to one database at the same time; further tasks wait.',
  },
  {
    name: 'BATON_MAX_BODY',
    kind: 'integer',
    default: '4194304',
    min: 1_024,
    max: 64 * 1_048_576,
    about: 'Largest request body, in bytes.',
  },
  { name: 'BATON_MAX_TASKS', kind: 'integer', default: '10000', min: 1, max: 100_000, about: 'Tasks in one DAG.' },
  { name: 'BATON_MAX_EDGES', kind: 'integer', default: '200000', min: 1, max: 2_000_000, about: 'Dependencies in one DAG.' },
  {
    name: 'BATON_MAX_DEPTH',
    kind: 'integer',
    default: '100',
    min: 4,
    max: 1_000,
    about: 'How deep a spec or a request body may be nested.',
  },
  { name: 'BATON_MAX_ATTEMPTS', kind: 'integer', default: '100', min: 1, max: 10_000, about: 'Largest `retry.maxAttempts`.' },
  { name: 'BATON_MAX_PAGE', kind: 'integer', default: '200', min: 1, max: 1_000, about: 'Largest `limit` of a list.' },
] as const satisfies readonly Setting[];

/** Name of one of {@link SETTINGS}. */
export type SettingName = (typeof SETTINGS)[number]['name'];
