import { execFileSync } from 'node:child_process';

/** The machine's Python with what virtual environments need, as `python3` on PATH; `undefined` where there is none. */
export const PYTHON: string | undefined = works() ? 'python3' : undefined;

/** What a test says that is skipped for want of it. */
export const NO_PYTHON =
  'python3 with venv and pip is not installed here (Debian: apt-get install python3 python3-venv): skipped';

function works(): boolean {
  try {
    execFileSync('python3', ['-c', 'import sys, venv, ensurepip; assert sys.version_info >= (3, 8)'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
