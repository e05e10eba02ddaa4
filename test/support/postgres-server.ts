import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/temporal/local-port.js';

const DEBIAN = '/usr/lib/postgresql';
const PASSWORD = "pa'ss word";

/** Folder of the server's programs: the newest of Debian's, or one on PATH; `undefined` where there is none. */
export const POSTGRES: string | undefined = [
  ...(existsSync(DEBIAN) ? readdirSync(DEBIAN) : [])
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN, version, 'bin')),
  ...(process.env['PATH'] ?? '').split(delimiter),
].find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));

/** What a test says that is skipped for want of a server. */
export const NO_POSTGRES = 'PostgreSQL is not installed here (Debian: apt-get install postgresql): skipped';

/** A real PostgreSQL of its own, in a folder that goes with it. It runs as another user where this one is root, whom it refuses. */
export class PostgresServer {
  /** Address for user `baton`, password included. */
  readonly address: string;

  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    readonly port: number,
    /** The certificate that its TLS is signed with; absent where openssl is, and then it has no TLS. */
    readonly ca: string | undefined,
  ) {
    this.address = `postgresql://baton:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`;
  }

  static readonly password = PASSWORD;

  static async start(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'baton-postgres-'));
    const user = process.getuid?.() === 0 ? unprivileged() : undefined;
    const words = join(folder, 'password');
    writeFileSync(words, PASSWORD);
    const encrypted = certificate(folder);
    const owned = [folder, words, ...(encrypted ? [join(folder, 'server.key')] : [])];
    if (user !== undefined) for (const path of owned) chownSync(path, user.uid, user.gid);
    const data = join(folder, 'data');
    const options = { ...user, cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' } };
    const asked = ['-D', data, '-U', 'baton', '-A', 'scram-sha-256', `--pwfile=${words}`, '-E', 'UTF8', '--no-sync'];
    execFileSync(join(POSTGRES as string, 'initdb'), asked, { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
    const port = await freePort();
    const tls = encrypted ? ['ssl=on', `ssl_cert_file=${folder}/server.crt`, `ssl_key_file=${folder}/server.key`] : [];
    const settings = [...tls, 'fsync=off', 'timezone=Asia/Tokyo', 'datestyle=German', 'max_connections=20'];
    const server = spawn(
      join(POSTGRES as string, 'postgres'),
      ['-D', data, '-k', folder, '-h', '127.0.0.1', '-p', String(port), ...settings.flatMap((s) => ['-c', s])],
      { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    await saysReady(server);
    return new PostgresServer(server, folder, port, encrypted ? join(folder, 'server.crt') : undefined);
  }

  /** Ends every session at once. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    if (this.process.exitCode === null) {
      this.process.kill('SIGINT');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A certificate for 127.0.0.1 in `server.crt`, its key in `server.key`; false without openssl. */
function certificate(folder: string): boolean {
  const [key, cert] = [join(folder, 'server.key'), join(folder, 'server.crt')];
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
    '-keyout',
    key,
    '-out',
    cert,
  ];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  try {
    execFileSync('openssl', ['req', '-x509', ...kind, ...names], { stdio: 'ignore' });
    chmodSync(key, 0o600);
    return true;
  } catch {
    return false;
  }
}

function unprivileged(): { readonly uid: number; readonly gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(found?.[2]), gid: Number(found?.[3]) };
}

async function saysReady(server: ChildProcess): Promise<void> {
  let said = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  for (const until = Date.now() + 30_000; !said.includes('ready to accept connections'); await sleep(20)) {
    if (server.exitCode !== null || Date.now() > until) throw new Error(`PostgreSQL does not start:\n${said}`);
  }
}
