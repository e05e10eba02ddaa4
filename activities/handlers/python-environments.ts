import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../src/objects/sha256.js';
import type { PythonSettings } from '../activity-deps.js';
import type { TaskContext } from '../task-context.js';
import { TaskError } from '../task-error.js';
import { EnvironmentFolder } from './environment-folder.js';
import { type ProcessEnd, runProcess } from './run-process.js';
import { SharedWork } from './shared-work.js';

const KILL_AFTER_MS = 2000;
const DEFAULT_KEEP_MS = 30 * 86_400_000;
/** Its path, its version, and that of its pip, where it has one. */
const PROBE = `import sys
try:
    import pip
    pip = pip.__version__
except Exception:
    pip = ""
print(sys.executable, sys.version.replace("\\n", " "), pip, sep="\\n")`;
/** From this one on, pip installs into other environments, which then need none of their own: making one takes seconds. */
const PIP_FOR_OTHERS = 22.3;
const SHOWN_CHARACTERS = 4000;

/** The machine's own Python. */
interface Interpreter {
  readonly path: string;
  readonly version: string;
  /** Its pip can install into other environments. */
  readonly pip: boolean;
}

/**
 * The Python that a task runs: the machine's own, or that of a virtual environment with its requirements, made once for each set of them and each
 * version of Python.
 */
export class PythonEnvironments {
  private interpreter?: Promise<Interpreter>;
  private readonly builds = new SharedWork<string>();
  private readonly folder: string;
  private readonly environments: EnvironmentFolder;

  constructor(private readonly settings: PythonSettings) {
    this.folder = settings.environmentsFolder ?? join(tmpdir(), 'baton-python');
    this.environments = new EnvironmentFolder(this.folder, settings.keepEnvironmentsMs ?? DEFAULT_KEEP_MS);
  }

  /** Calls `work` with the path of the program. Throws `TaskError`: `PythonMissing`, `PythonRequirementsError`. */
  async use<T>(requirements: readonly string[], context: TaskContext, work: (python: string) => Promise<T>): Promise<T> {
    const interpreter = await this.machine();
    if (requirements.length === 0) return work(interpreter.path);
    const wanted = [...new Set(requirements.map((each) => each.trim()))].sort();
    const hash = sha256(JSON.stringify([interpreter.path, interpreter.version, ...wanted])).slice(0, 32);
    const get = async (): Promise<string> =>
      (await this.environments.find(hash)) ??
      this.builds.share(
        hash,
        context.signal,
        (signal) => this.environments.build(hash, (place) => this.install(interpreter, wanted, place, signal)),
        () => context.log.info(`installing ${wanted.join(', ')}`),
      );
    return this.environments.use(hash, get, (place) => work(join(place, 'bin', 'python')));
  }

  private async machine(): Promise<Interpreter> {
    this.interpreter ??= this.probe();
    try {
      return await this.interpreter;
    } catch (error) {
      // It may be installed by the next attempt.
      this.interpreter = undefined;
      throw error;
    }
  }

  private async probe(): Promise<Interpreter> {
    const program = this.settings.program ?? 'python3';
    const end = await this.run(program, ['-c', PROBE], tmpdir(), new AbortController().signal);
    const [path = '', version = '', pip = '0'] = end.output.split('\n');
    if (end.exitCode === 0 && version !== '') return { path, version, pip: Number.parseFloat(pip) >= PIP_FOR_OTHERS };
    throw new TaskError(
      'PythonMissing',
      `${program} does not run on this worker (${end.code ?? end.output.trim().split('\n').at(-1)}); install Python 3, or name it in BATON_PYTHON`,
      { retryable: false },
    );
  }

  private async install(
    interpreter: Interpreter,
    requirements: readonly string[],
    place: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { folder } = this;
    const python = join(place, 'bin', 'python');
    const { path, pip } = interpreter;
    const make = ['-m', 'venv', ...(pip ? ['--without-pip'] : []), place];
    await this.step(path, make, folder, signal, 'a virtual environment cannot be made');
    const asked = ['install', '--disable-pip-version-check', '--no-input', '--', ...requirements];
    const install = ['-m', 'pip', ...(pip ? ['--python', python] : []), ...asked];
    await this.step(pip ? path : python, install, folder, signal, `pip could not install ${requirements.join(', ')}`);
  }

  private async step(file: string, args: string[], cwd: string, signal: AbortSignal, failure: string): Promise<void> {
    const { exitCode, output } = await this.run(file, args, cwd, signal);
    if (exitCode === 0) return;
    const shown = output.trim().slice(-SHOWN_CHARACTERS);
    const last = shown.split('\n').findLast((line) => /error/i.test(line)) ?? shown.split('\n').at(-1);
    throw new TaskError('PythonRequirementsError', `${failure}: ${last ?? 'it said nothing'}`, {
      details: { output: shown.slice(-1500) },
    });
  }

  /** With the machine's own settings of pip: they say where packages come from. */
  private async run(
    file: string,
    args: string[],
    cwd: string,
    signal: AbortSignal,
  ): Promise<ProcessEnd & { readonly output: string }> {
    const lines: string[] = [];
    const end = await runProcess(
      {
        file,
        args,
        cwd,
        env: { ...this.settings.environment },
        stdin: '',
        maxBytes: 0,
        killAfterMs: KILL_AFTER_MS,
        onLine: (_, line) => {
          if (lines.push(line) > 1000) lines.shift();
        },
      },
      signal,
    );
    return { ...end, output: lines.join('\n') };
  }
}
