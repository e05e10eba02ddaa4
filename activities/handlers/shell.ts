import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../src/dag/json.js';
import type { ShellSettings } from '../activity-deps.js';
import type { TaskContext } from '../task-context.js';
import { TaskError } from '../task-error.js';
import type { TaskHandler } from '../task-handler.js';
import { asText, InputReader } from './read-input.js';
import { type ProcessOrder, runProcess } from './run-process.js';
import { taskFacts } from './task-facts.js';

const DEFAULT_MAX_STDOUT = 10 * 1024 * 1024;
const DEFAULT_KILL_AFTER_MS = 5000;
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * Type `shell`: `with: {argv, env?, stdin?, cwd?, stdout?: text|json}` -> `{exitCode: 0, stdout}` (R17). No shell is between: argv is the program and its
 * arguments. The environment holds PATH, HOME (a fresh folder), LANG, `env`, and BATON_* facts of the run. Its process group is ended on
 * cancel and timeout; another exit code fails with `ShellExitError` and `details.exitCode`.
 */
export function shellHandler(settings: ShellSettings = {}): TaskHandler {
  return {
    run: async (input, context) => {
      const reader = new InputReader('shell', input);
      const argv = argvOf(reader);
      const asJson = reader.oneOf('stdout', ['text', 'json']) === 'json';
      const env = Object.fromEntries(
        Object.entries(reader.object('env') ?? {}).map(([name, value]) => [name, asText(value as Json)]),
      );
      const stdin = reader.get('stdin');
      const home = await mkdtemp(join(tmpdir(), 'baton-task-'));
      try {
        const stdout = await runProgram(
          argv,
          { ...baseEnvironment(settings, home), ...env, ...taskFacts(context) },
          stdin === undefined ? '' : asText(stdin),
          reader.text('cwd') ?? home,
          settings,
          context,
        );
        return { exitCode: 0, stdout: asJson ? parsed(stdout) : stdout };
      } finally {
        await rm(home, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
      }
    },
  };
}

async function runProgram(
  argv: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  stdin: string,
  cwd: string,
  settings: ShellSettings,
  context: TaskContext,
): Promise<string> {
  const { log } = context;
  const maxStdout = settings.maxStdoutBytes ?? DEFAULT_MAX_STDOUT;
  const [file, ...args] = argv;
  const order: ProcessOrder = {
    file,
    args,
    cwd,
    env,
    stdin,
    collect: 1,
    maxBytes: maxStdout,
    killAfterMs: settings.killAfterMs ?? DEFAULT_KILL_AFTER_MS,
    memory: context.info.resources.memory,
    onLine: (stream, line) => log.write(stream, line),
  };
  const { exitCode, signal, code, collected: stdout, tooLarge } = await runProcess(order, context.signal);
  if (tooLarge)
    throw new TaskError(
      'ShellOutputTooLarge',
      `the standard output of ${file} is larger than ${maxStdout} bytes; write it to a file and print its name`,
      { retryable: false },
    );
  if (exitCode === 0) return stdout;
  if (stdout !== '') log.write('stdout', stdout.slice(-4000));
  if (exitCode === undefined && signal === undefined) throw notStarted(file, code);
  throw signal === undefined
    ? new TaskError('ShellExitError', `${file} ended with exit code ${exitCode}`, { details: { exitCode: exitCode ?? null } })
    : new TaskError('ShellExitError', `${file} was ended by signal ${signal}`, { details: { exitCode: null, signal } });
}

function notStarted(file: string, code: string | undefined): TaskError {
  const why =
    code === 'ENOENT'
      ? 'there is no such program (or folder to run in) on this worker'
      : code === 'EACCES'
        ? 'the worker may not run it'
        : 'it cannot be started';
  return new TaskError('ShellStartError', `${file}: ${why}${code === undefined ? '' : ` (${code})`}`, {
    retryable: false,
    details: { code: code ?? null },
  });
}

function argvOf(reader: InputReader): [string, ...string[]] {
  const argv = reader.get('argv');
  if (!Array.isArray(argv) || argv.length === 0)
    throw reader.bad('argv', 'a list: the program, then its arguments', argv ?? null);
  const [file, ...args] = (argv as readonly Json[]).map(asText);
  if (file === undefined || file === '') throw reader.bad('argv', 'a list that begins with a program', argv);
  if ([file, ...args].some((arg) => arg.includes('\0'))) throw reader.bad('argv', 'free of NUL characters', argv);
  return [file, ...args];
}

function baseEnvironment(settings: ShellSettings, home: string): NodeJS.ProcessEnv {
  return { PATH: settings.path ?? DEFAULT_PATH, HOME: home, LANG: 'C.UTF-8' };
}

function parsed(stdout: string): Json {
  try {
    return JSON.parse(stdout) as Json;
  } catch (error) {
    throw new TaskError('ShellOutputNotJson', `the standard output is not JSON: ${(error as Error).message}`);
  }
}
