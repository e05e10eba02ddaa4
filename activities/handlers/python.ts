import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseTemplate, renderTemplate } from '../../src/dag/expression/index.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { PythonSettings } from '../activity-deps.js';
import type { TaskContext } from '../task-context.js';
import { TaskError } from '../task-error.js';
import type { PreparedInput, TaskHandler } from '../task-handler.js';
import { PythonEnvironments } from './python-environments.js';
import { PYTHON_RUNNER } from './python-runner.js';
import { asText, InputReader } from './read-input.js';
import { type ProcessEnd, runProcess } from './run-process.js';
import { taskFacts } from './task-facts.js';

const DEFAULT_MAX_OUTPUT = 64 * 1024 * 1024;
const DEFAULT_KILL_AFTER_MS = 5000;

/**
 * Type `python`: `with: {script | file, function?, args?, requirements?, env?}` -> what the function returned (R17). `args` are its keyword arguments (a map)
 * or positional ones (a list). What it prints goes to the task's log; an exception fails with its class as type, its traceback in the log. The process
 * has the environment of a shell task and dies with the task as a whole group.
 */
export function pythonHandler(settings: PythonSettings = {}): TaskHandler {
  const environments = new PythonEnvironments(settings);
  return {
    prepare: preparePython,
    run: async (input, context) => {
      const reader = new InputReader('python', input);
      const order = orderOf(reader, settings);
      const env = Object.fromEntries(
        Object.entries(reader.object('env') ?? {}).map(([name, value]) => [name, asText(value as Json)]),
      );
      return environments.use(requirementsOf(reader), context, (python) => call(python, order, env, settings, context));
    },
  };
}

/** Calls the function in a process of its own. */
async function call(
  python: string,
  order: JsonObject,
  env: { readonly [name: string]: string },
  settings: PythonSettings,
  context: TaskContext,
): Promise<Json> {
  const home = await mkdtemp(join(tmpdir(), 'baton-task-'));
  try {
    const path = [dirname(python), settings.environment?.PATH ?? ''].filter((part) => part !== '').join(delimiter);
    const end = await runProcess(
      {
        file: python,
        args: ['-u', '-c', PYTHON_RUNNER],
        cwd: home,
        env: { PATH: path, HOME: home, LANG: 'C.UTF-8', ...env, ...taskFacts(context) },
        stdin: JSON.stringify(order),
        collect: 3,
        maxBytes: settings.maxOutputBytes ?? DEFAULT_MAX_OUTPUT,
        killAfterMs: settings.killAfterMs ?? DEFAULT_KILL_AFTER_MS,
        memory: context.info.resources.memory,
        onLine: (stream, line) => context.log.write(stream, line),
      },
      context.signal,
    );
    return answerOf(end, settings);
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
  }
}

/** Code is never a template: no value can become Python. */
function preparePython(input: Json): PreparedInput {
  const { script, ...others } = input as JsonObject;
  const template = parseTemplate(others);
  const code: JsonObject = script === undefined ? {} : { script };
  return {
    references: template.references,
    render: (scope) => ({ ...(renderTemplate(template, scope) as JsonObject), ...code }),
  };
}

function orderOf(reader: InputReader, settings: PythonSettings): JsonObject {
  const script = reader.text('script');
  const file = reader.text('file');
  if ((script === undefined) === (file === undefined))
    throw new TaskError('BadInput', 'with of a task of type python must have either script or file', { retryable: false });
  const args = reader.get('args') ?? {};
  if (typeof args !== 'object') throw reader.bad('args', 'a map of keyword arguments, or a list of positional ones', args);
  return {
    ...(file === undefined ? { script: script as string } : { file: resolve(settings.dataFolder ?? '.', file) }),
    function: reader.text('function') ?? 'main',
    args,
  };
}

function requirementsOf(reader: InputReader): readonly string[] {
  const list = reader.get('requirements') ?? [];
  const fine = Array.isArray(list) && list.every((each) => typeof each === 'string' && /^[^-\s][^\r\n\0]*$/.test(each));
  if (!fine) throw reader.bad('requirements', 'a list of packages as pip names them, such as polars==1.9.0', list);
  return list as readonly string[];
}

function answerOf(end: ProcessEnd, settings: PythonSettings): Json {
  const { exitCode, signal, code, collected, tooLarge } = end;
  if (tooLarge)
    throw new TaskError(
      'PythonOutputTooLarge',
      `the returned value is larger than ${settings.maxOutputBytes ?? DEFAULT_MAX_OUTPUT} bytes of JSON; write it to a file and return its name`,
      { retryable: false },
    );
  if (exitCode === undefined && signal === undefined)
    throw new TaskError('PythonStartError', `Python cannot be started (${code ?? 'unknown'})`, { retryable: false });
  const answer = parsed(collected);
  if (answer === undefined)
    throw new TaskError(
      'PythonExitError',
      signal === undefined
        ? `Python ended with exit code ${exitCode} and returned nothing`
        : `Python was ended by signal ${signal}`,
      { details: signal === undefined ? { exitCode: exitCode ?? null } : { exitCode: null, signal } },
    );
  if ('output' in answer) return answer.output;
  const { type, message, final } = answer.error;
  throw new TaskError(type, message, { retryable: !final });
}

/** Nothing, or half of it, where the process was ended before. */
function parsed(collected: string): PythonAnswer | undefined {
  try {
    return JSON.parse(collected) as PythonAnswer;
  } catch {
    return undefined;
  }
}

type PythonAnswer =
  | { readonly output: Json }
  | { readonly error: { readonly type: string; readonly message: string; readonly final: boolean } };
