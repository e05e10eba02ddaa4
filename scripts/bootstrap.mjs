/**
 * What stands between a fresh clone and a running program: the version of Node, the dependencies, the build. Plain JavaScript
 * without dependencies, because it runs before there are any. Every step says one line and does nothing when nothing changed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository, wherever the command was called from. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** An error that the user can act on: shown as its message alone, without a stack. */
export class Unready extends Error {}

const at = (...parts) => join(root, ...parts);
const say = (line) => console.error(`baton: ${line}`);
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** Runs one step in the root; throws {@link Unready} when it fails. Ctrl-C and SIGTERM reach the child and end us as well. */
export function run(command, args, { env = process.env, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
    let output = '';
    for (const stream of quiet ? [child.stdout, child.stderr] : []) stream.on('data', (chunk) => (output += chunk));
    let stopped;
    const stop = (signal) => {
      stopped ??= signal;
      child.kill(signal);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    const settle = (act) => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      if (stopped) process.exit(stopped === 'SIGINT' ? 130 : 143);
      act();
    };
    child.on('error', (error) => settle(() => reject(new Unready(`cannot run ${command}: ${error.message}`))));
    child.on('close', (code, signal) =>
      settle(() => {
        if (code === 0) resolve(output);
        else
          reject(
            new Unready(
              `${[command, ...args].join(' ')} failed (${signal ?? `exit code ${code}`})${output && `:\n${output.trimEnd()}`}`,
            ),
          );
      }),
    );
  });
}

/** Refuses a Node that is too old: the packages below would fail later and less clearly. */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Unready(`Node ${version} is too old: Baton needs 20.19 or newer (https://nodejs.org, or "nvm install 20").`);
}

const STAMP = at('node_modules', '.baton-lock');

/** Installs what package-lock.json says, unless node_modules holds exactly that already. */
export async function install() {
  const lockText = readFileSync(at('package-lock.json'), 'utf8');
  const wanted = sha256(`${lockText}\n${process.platform} ${process.arch} ${process.versions.modules}`);
  if (readIfThere(STAMP) === wanted) return;
  if (!matchesLock(lockText)) {
    if (existsSync(at('node_modules')) && lstatSync(at('node_modules')).isSymbolicLink()) {
      throw new Unready(
        'node_modules is a link to somewhere else and does not match package-lock.json: install there, or remove the link.',
      );
    }
    say('installing dependencies (npm ci) …');
    await run(npm, ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { quiet: true });
  }
  writeFileSync(STAMP, wanted);
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Whether node_modules, by npm's own record of it, has every package at the locked version (optional ones may be absent). */
function matchesLock(lockText) {
  const record = readIfThere(at('node_modules', '.package-lock.json'));
  if (record === undefined) return false;
  const locked = JSON.parse(lockText).packages;
  const installed = JSON.parse(record).packages;
  return Object.entries(locked).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

const SOURCES = ['src', 'workflows', 'activities', 'examples', 'bench'];
const SETTINGS = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
const BUILT = at('dist', '.built');

/** Compiles, and bundles the workflows, when any source or setting differs from those of the last build. */
export async function build() {
  const print = fingerprint();
  if (readIfThere(BUILT) === print) return;
  say(existsSync(BUILT) ? 'building what changed …' : 'building …');
  rmSync(BUILT, { force: true });
  await run(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], { quiet: true });
  await run(process.execPath, [at('dist', 'src', 'temporal', 'build-bundle.js')], { quiet: true });
  writeFileSync(BUILT, print);
}

/** Names, sizes and times of all sources: cheap, and it notices removed files, which a newest-time check does not. */
function fingerprint() {
  const lines = [];
  const add = (path) => {
    const { size, mtimeMs } = statSync(path);
    lines.push(`${relative(root, path)} ${size} ${mtimeMs}`);
  };
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (/\.(ts|json)$/.test(entry.name)) add(path);
    }
  };
  for (const folder of SOURCES) if (existsSync(at(folder))) walk(at(folder));
  for (const file of SETTINGS) if (existsSync(at(file))) add(at(file));
  return sha256(lines.sort().join('\n'));
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Node, dependencies, build: afterwards everything under `dist/` can be run. */
export async function prepare() {
  checkNode();
  await install();
  await build();
}

/** Runs a script's main function; what the user can act on is printed as one message, and the exit code is 1. */
export async function main(act) {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Unready)) throw error;
    console.error(`baton: ${error.message}`);
    process.exitCode = 1;
  }
}
