import type { ObjectStore } from '../src/objects/object-store.js';
import type { ConnectionSource } from './connections.js';
import type { SecretSource } from './secrets.js';
import type { TemporalPort } from './system-calls.js';

/** All that activities get from outside; they read no environment and know no gateway by themselves. */
export interface ActivityDeps {
  readonly objects: ObjectStore;
  readonly temporal: TemporalPort;
  readonly secrets: SecretSource;
  /** How this worker calls itself in attempts; give the worker the same identity. */
  readonly worker: string;
  /** Task types that are on, of those that can be off (`shell`, `python`, `http`, `sql`). Default: `http` and `sql`. */
  readonly enabledTaskTypes?: readonly string[];
  /** Activities of the user, by name (`loadModules`). */
  readonly userActivities?: UserActivities;
  readonly http?: HttpSettings;
  readonly sql?: SqlSettings;
  readonly shell?: ShellSettings;
  readonly python?: PythonSettings;
  /** Bytes of JSON kept of bodies, and as much again of outputs. Default 64 MiB. */
  readonly cacheBytes?: number;
}

/** Functions by activity name. */
export type UserActivities = ReadonlyMap<string, (...args: never[]) => unknown>;

export interface HttpSettings {
  /** Only these hosts may be called (`api.example.org`, `*.example.org`, `localhost:8080`, `[::1]:8080`). Default: all public ones. */
  readonly onlyHosts?: readonly string[];
  /** Hosts that may be called though their addresses are private; same forms. Default: none. */
  readonly allowPrivateHosts?: readonly string[];
  /** Largest response in bytes, after decompression, that a task may ask for (it asks for 10 MiB by default). Default 64 MiB. */
  readonly maxBytes?: number;
}

export interface SqlSettings {
  /** Folders whose files SQL may read and write; relative paths of a task are below the first. Without one, SQL has no files. */
  readonly dataFolders?: readonly string[];
  /** Of one database whose task does not say how much memory it needs, as DuckDB writes it. Default `1GiB`. */
  readonly memoryLimit?: string;
  /** Of one database whose task does not say how many processors it needs. Default 2. */
  readonly threads?: number;
  /** Most rows that a task may return (R17). Default 10,000. */
  readonly maxRows?: number;
  /** Databases that tasks may name by `connection`. Default: none. */
  readonly connections?: ConnectionSource;
  /** Of this process, to one database at the same time; further tasks wait. Default 10. */
  readonly connectionsPerDatabase?: number;
}

export interface PythonSettings {
  /** The machine's Python, 3.8 or newer. Default `python3`. */
  readonly program?: string;
  /** All that Python itself and pip are started with (PATH, HOME, pip's own settings, proxies); scripts get its PATH only. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Where virtual environments are kept. Default: a folder for temporary files. */
  readonly environmentsFolder?: string;
  /** Virtual environments that no task used for so long are deleted, ms. Default 30 days. */
  readonly keepEnvironmentsMs?: number;
  /** Folder that `file` is relative to. Default: the current one. */
  readonly dataFolder?: string;
  /** Largest returned value in bytes of JSON. Default 64 MiB. */
  readonly maxOutputBytes?: number;
  /** Time between SIGTERM and SIGKILL, ms. Default 5,000. */
  readonly killAfterMs?: number;
}

export interface ShellSettings {
  /** PATH of the program. Default `/usr/local/bin:/usr/bin:/bin`. */
  readonly path?: string;
  /** Largest standard output in bytes. Default 10 MiB. */
  readonly maxStdoutBytes?: number;
  /** Time between SIGTERM and SIGKILL, ms. Default 5,000. */
  readonly killAfterMs?: number;
}
