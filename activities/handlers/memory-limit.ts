import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import type { ProcessOrder } from './run-process.js';

type Program = Pick<ProcessOrder, 'file' | 'args'>;

const SHELL = '/bin/sh';
/** The arguments are none of the script's text: the shell replaces itself by the program, and reads nothing of them. */
const SCRIPT = 'ulimit -d "$1" 2>/dev/null; unset $2; shift 2; exec "$@"';
/** What shells add to the environment. */
const OF_THE_SHELL = ['PWD', 'OLDPWD', 'SHLVL'];

/**
 * A program and its arguments, started in such a way that each of its processes may hold `bytes` of data at most (RLIMIT_DATA, which on
 * Linux counts all private memory that can be written, and not address space that is only reserved). What wants more is told that
 * there is none. A stricter limit of the worker itself stays. Unchanged where the program is not there, or no POSIX shell is: who
 * starts it then says so, or nothing limits it.
 */
export async function withMemoryLimit({ file, args, cwd, env }: ProcessOrder, bytes: number): Promise<Program> {
  if (!(await isProgram(SHELL)) || !(await isThere(file, cwd, env.PATH ?? ''))) return { file, args };
  const kibibytes = String(Math.max(1, Math.ceil(bytes / 1024)));
  const added = OF_THE_SHELL.filter((name) => env[name] === undefined).join(' ');
  return { file: SHELL, args: ['-c', SCRIPT, 'sh', kibibytes, added, file, ...args] };
}

async function isThere(file: string, cwd: string, path: string): Promise<boolean> {
  const folders = file.includes('/') ? [''] : path.split(delimiter);
  const places = folders.map((folder) => resolve(cwd, folder, file));
  const there = await Promise.all([isFolder(cwd), ...places.map(isProgram)]);
  return there[0] === true && there.includes(true, 1);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

async function isProgram(path: string): Promise<boolean> {
  if ((await stat(path).catch(() => undefined))?.isFile() !== true) return false;
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
