import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Looks a program up as a shell does; `undefined` when there is none. */
export async function findOnPath(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const names = process.platform === 'win32' ? [`${program}.exe`] : [program];
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      if (folder !== '' && (await isExecutable(join(folder, name)))) return join(folder, name);
    }
  }
  return undefined;
}

/** Whether that file can be run. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
