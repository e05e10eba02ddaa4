/** What a process does: serve the REST API, work on runs, or both. */
export type Role = 'all' | 'api' | 'worker';

/** As Temporal's clients take it; certificates in PEM. */
export interface TlsConfig {
  readonly serverNameOverride?: string;
  readonly serverRootCACertificate?: Uint8Array;
  readonly clientCertPair?: { readonly crt: Uint8Array; readonly key: Uint8Array };
}

/** Where Temporal is. Without `address` an embedded development server is started. */
export interface TemporalConfig {
  readonly address?: string;
  readonly namespace: string;
  readonly tls?: TlsConfig | boolean;
  readonly apiKey?: string;
  readonly metadata?: { readonly [name: string]: string };
  /** Base address of the Web UI without a slash at its end; absent = derived from the embedded server, or unknown. */
  readonly uiUrl?: string;
  readonly embedded: {
    readonly port: number;
    readonly uiPort: number;
    readonly binary?: string;
    readonly cacheDir: string;
    /** For the programs that find, build and run it: the environment without what is meant for Baton or for clients. */
    readonly env: { readonly [name: string]: string | undefined };
  };
}

/** How much a worker of this process does at the same time. */
export interface WorkerConfig {
  /** Task queues that this process works on. */
  readonly queues: readonly string[];
  readonly activities: number;
  readonly workflows: number;
  readonly pollers: number;
  /** Runs kept in memory. */
  readonly cache: number;
  readonly shutdownGraceMs: number;
}

/** Limits of what is accepted; each names its variable where it is refused. Sizes in bytes. */
export interface LimitsConfig {
  readonly body: number;
  readonly tasks: number;
  readonly edges: number;
  readonly depth: number;
  readonly attempts: number;
  readonly page: number;
}

/** Everything that Baton was told by its environment, checked. Paths are absolute, times in ms. */
export interface BatonConfig {
  readonly role: Role;
  readonly host: string;
  readonly port: number;
  readonly auth: 'none' | 'external';
  readonly home: string;
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  readonly temporal: TemporalConfig;
  /** Task queue of runs and of their own activities. */
  readonly taskQueue: string;
  /** Queues whose workers are Baton's own, `taskQueue` first: activities there get the envelope (R14). */
  readonly ownQueues: readonly string[];
  readonly worker: WorkerConfig;
  readonly retentionMs: number;
  readonly objects: { readonly root: string; readonly shared: boolean };
  readonly dataDir: string;
  /** Module specifiers: absolute paths or names of packages. */
  readonly activityModules: readonly string[];
  readonly enabledTaskTypes: readonly string[];
  readonly python: {
    readonly program: string;
    /** Virtual environments of python tasks. */
    readonly environmentsDir: string;
    /** Those that no task used for so long are deleted. */
    readonly keepMs: number;
    /** What Python and pip are started with: where programs are, and where packages come from. */
    readonly env: { readonly [name: string]: string | undefined };
  };
  readonly http: { readonly allowHosts: readonly string[]; readonly allowPrivate: readonly string[] };
  /** A Map, so that printing the configuration shows no secret. */
  readonly secrets: { readonly dir?: string; readonly values: ReadonlyMap<string, string> };
  /** Addresses of databases, with their passwords, by the part of the variable after its prefix; a Map for the same reason. */
  readonly connections: { readonly dir?: string; readonly values: ReadonlyMap<string, string>; readonly perDatabase: number };
  readonly limits: LimitsConfig;
}
