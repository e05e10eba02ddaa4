import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { Json } from '../../src/dag/json.js';
import type { ShellSettings } from '../activity-deps.js';
import type { TaskContext } from '../task-context.js';
import { TaskError } from '../task-error.js';
import type { TaskHandler } from '../task-handler.js';
import { endProcessGroup } from './process-group.js';
import { asText, InputReader } from './read-input.js';

const DEFAULT_MAX_STDOUT = 10 * 1024 * 1024;
const DEFAULT_KILL_AFTER_MS = 5000;
const DRAIN_MS = 1000;
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
          { ...baseEnvironment(settings, home), ...env, ...facts(context) },
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
  const { signal, log } = context;
  const maxStdout = settings.maxStdoutBytes ?? DEFAULT_MAX_STDOUT;
  signal.throwIfAborted();
  const [file, ...args] = argv;
  // `detached` makes it the leader of a process group of its own.
  const child = execa(file, args, {
    cwd,
    env,
    extendEnv: false,
    input: stdin,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    stripFinalNewline: false,
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const ended = async (): Promise<void> => {
    await endProcessGroup(child.pid, settings.killAfterMs ?? DEFAULT_KILL_AFTER_MS);
    // A process that left the group may hold the pipes open for ever: what is in them by now is all there is.
    setTimeout(() => [child.stdout, child.stderr].forEach((stream) => void stream.destroy()), DRAIN_MS).unref();
  };
  let ending: Promise<void> | undefined;
  const onAbort = (): void => {
    ending ??= ended();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  // Also when it ends by itself: what it left in its group would keep its pipes open, and the task waiting.
  child.once('exit', onAbort);
  let tooLarge = false;
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    tooLarge = size > maxStdout;
    if (tooLarge) onAbort();
    else chunks.push(chunk);
  });
  const lines = createInterface({ input: child.stderr, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => log.write('stderr', line));
  const linesEnd = new Promise<void>((resolve) => void lines.once('close', () => resolve()));
  try {
    const result = await child;
    await linesEnd;
    signal.throwIfAborted();
    if (tooLarge)
      throw new TaskError(
        'ShellOutputTooLarge',
        `the standard output of ${file} is larger than ${maxStdout} bytes; write it to a file and print its name`,
        { retryable: false },
      );
    const stdout = Buffer.concat(chunks).toString('utf8');
    if (result.exitCode === 0) return stdout;
    if (stdout !== '') log.write('stdout', stdout.slice(-4000));
    if (result.exitCode === undefined && result.signal === undefined)
      throw notStarted(file, (result as { code?: string }).code);
    throw result.signal === undefined
      ? new TaskError('ShellExitError', `${file} ended with exit code ${result.exitCode}`, {
          details: { exitCode: result.exitCode ?? null },
        })
      : new TaskError('ShellExitError', `${file} was ended by signal ${result.signal}`, {
          details: { exitCode: null, signal: result.signal },
        });
  } finally {
    signal.removeEventListener('abort', onAbort);
    await ending;
  }
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

function facts({ info }: TaskContext): NodeJS.ProcessEnv {
  return {
    BATON_RUN_ID: info.runId,
    BATON_TASK_ID: info.taskId,
    BATON_ATTEMPT: String(info.attempt),
    BATON_IDEMPOTENCY_KEY: info.idempotencyKey,
  };
}

function parsed(stdout: string): Json {
  try {
    return JSON.parse(stdout) as Json;
  } catch (error) {
    throw new TaskError('ShellOutputNotJson', `the standard output is not JSON: ${(error as Error).message}`);
  }
}
