import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './built-service.js';
import { PYTHON } from './python.js';

const FOLDER = join(ROOT, 'examples/python-worker');

/** The example's worker, in a virtual environment that stays in the user's cache folder. */
export class PythonWorker {
  private constructor(private readonly child: ChildProcess) {}

  /** The Python that has the example's requirements, or why there is none: neither venv nor packages can be reached. */
  static program(): { readonly python: string } | { readonly missing: string } {
    if (PYTHON === undefined) return { missing: 'python3 with venv and pip is not installed here' };
    const requirements = join(FOLDER, 'requirements.txt');
    const version = execFileSync(PYTHON, ['-c', 'import sys; print(sys.executable, sys.version)'], { encoding: 'utf8' });
    const hash = createHash('sha256').update(version).update(readFileSync(requirements)).digest('hex').slice(0, 16);
    const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'baton', `python-worker-${hash}`);
    const python = join(cache, 'bin/python');
    const complete = join(cache, 'complete');
    if (existsSync(complete)) return { python };
    rmSync(cache, { recursive: true, force: true });
    mkdirSync(cache, { recursive: true });
    try {
      execFileSync(PYTHON, ['-m', 'venv', cache], { stdio: 'pipe' });
      execFileSync(python, ['-m', 'pip', 'install', '--no-input', '-r', requirements], { stdio: 'pipe', timeout: 180_000 });
    } catch (error) {
      const said = String((error as { readonly stderr?: unknown }).stderr ?? '').trim();
      return { missing: `Temporal's Python SDK cannot be installed here: ${said.split('\n').at(-1) || String(error)}` };
    }
    writeFileSync(complete, '');
    return { python };
  }

  /** Returns when it polls its queue. */
  static async start(python: string, temporalAddress: string): Promise<PythonWorker> {
    const child = spawn(python, ['worker.py'], {
      cwd: FOLDER,
      env: { PATH: process.env['PATH'], TEMPORAL_ADDRESS: temporalAddress, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          said += chunk;
          if (said.includes('polling ')) resolve();
        });
      child.once('exit', (code) => reject(new Error(`the Python worker ended with ${code}:\n${said}`)));
    });
    return new PythonWorker(child);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}
