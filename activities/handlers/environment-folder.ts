import { mkdir, mkdtemp, readdir, readlink, realpath, rm, stat, symlink, unlink, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Nobody takes longer to build one: what is older and has no name was left by a worker that was killed. */
const ABANDONED_MS = 86_400_000;
/** How often one that is in use says so: far below any time after which it is deleted. */
const IN_USE_EVERY_MS = 600_000;
const SWEEP_EVERY_MS = 86_400_000;

/**
 * A folder of environments, which processes of one machine may share. Each is built under a name of its own and then published by a link,
 * which is there or not. The folder's time is when it was last in use: whoever uses one renews it, and what nobody used for `keepMs` is
 * deleted, in the background and about once a day.
 */
export class EnvironmentFolder {
  private nextSweep = 0;

  constructor(
    private readonly path: string,
    private readonly keepMs: number,
  ) {}

  /** Where the environment of that name is; undefined when there is none. */
  async find(name: string): Promise<string | undefined> {
    return realpath(join(this.path, name)).catch(() => undefined);
  }

  /** Calls `build` with an empty folder and publishes it; what failed is deleted. Who comes second takes the first's. */
  async build(name: string, build: (place: string) => Promise<void>): Promise<string> {
    await mkdir(this.path, { recursive: true });
    const link = join(this.path, name);
    const place = await mkdtemp(`${link}-`);
    try {
      await build(place);
      await symlink(basename(place), link);
    } catch (error) {
      await rm(place, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
      // Where another process was first its environment is as good.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return realpath(link);
  }

  /** Does `work` with the environment that `get` finds or builds; nobody deletes it meanwhile. */
  async use<T>(name: string, get: () => Promise<string>, work: (place: string) => Promise<T>): Promise<T> {
    let place = await get();
    // Renewed after it was looked up, and still published after that: it was not about to be deleted, and is not any more.
    while (!(await renewed(place)) || (await this.find(name)) !== place) place = await get();
    const beat = setInterval(() => void renewed(place), IN_USE_EVERY_MS).unref();
    try {
      return await work(place);
    } finally {
      clearInterval(beat);
      void this.sweepNowAndThen();
    }
  }

  private async sweepNowAndThen(): Promise<void> {
    if (Date.now() < this.nextSweep) return;
    this.nextSweep = Date.now() + SWEEP_EVERY_MS;
    // What cannot be deleted today may be tomorrow.
    await this.sweep().catch(() => undefined);
  }

  private async sweep(): Promise<void> {
    const published = new Set<string>();
    const names = await readdir(this.path);
    for (const name of names.filter((each) => /^[0-9a-f]{32}$/.test(each))) {
      const place = await readlink(join(this.path, name)).catch(() => undefined);
      if (place !== undefined && (await this.retire(name, place)) === 'kept') published.add(place);
    }
    for (const name of names) {
      if (!/^[0-9a-f]{32}-/.test(name) || published.has(name)) continue;
      if ((await lastUse(join(this.path, name))) < Date.now() - ABANDONED_MS) await this.remove(name);
    }
  }

  /** Takes back the link of what was not used for long, and then deletes it, unless somebody began to use it in between. */
  private async retire(name: string, place: string): Promise<'kept' | 'deleted'> {
    const [link, folder] = [join(this.path, name), join(this.path, place)];
    const isOld = async () => (await lastUse(folder)) < Date.now() - this.keepMs;
    if (!(await isOld())) return 'kept';
    await unlink(link);
    if (await isOld()) {
      await this.remove(place);
      return 'deleted';
    }
    // Where another was published meanwhile this one goes once it is out of use.
    await symlink(place, link).catch(() => undefined);
    return 'kept';
  }

  private remove(name: string): Promise<void> {
    return rm(join(this.path, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** False when it is not there any more. */
async function renewed(place: string): Promise<boolean> {
  const now = new Date();
  return utimes(place, now, now).then(
    () => true,
    () => false,
  );
}

/** Epoch ms; long ago for what is not there. */
async function lastUse(place: string): Promise<number> {
  return stat(place).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
