import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file system of one MiB in memory, mounted at a folder; only root may have one. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** `undefined` where mounting is not allowed. */
  static mount(folder: string): SmallDisk | undefined {
    mkdirSync(folder, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
      return new SmallDisk(folder);
    } catch {
      return undefined;
    }
  }

  /** Leaves not a byte. */
  fill(): void {
    const { bfree, bsize } = statfsSync(this.folder);
    if (bfree > 0) writeFileSync(join(this.folder, 'ballast'), Buffer.alloc(bfree * bsize));
  }

  free(): void {
    rmSync(join(this.folder, 'ballast'), { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.folder], { stdio: 'pipe' });
  }
}
