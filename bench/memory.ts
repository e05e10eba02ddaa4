import { readFileSync } from 'node:fs';

/** Peak of the memory of processes together, in MiB, from /proc; `undefined` where there is no /proc. */
export interface MemoryWatch {
  stop(): number | undefined;
}

/** Resident memory of a process now, in MiB. */
function resident(pid: number): number | undefined {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return line ? Number(line[1]) / 1_024 : undefined;
  } catch {
    return undefined;
  }
}

/** Samples every 100 ms until stopped. */
export function watchMemory(pids: readonly number[]): MemoryWatch {
  let peak: number | undefined;
  const sample = (): void => {
    const sizes = pids.map(resident).filter((size) => size !== undefined);
    if (sizes.length > 0)
      peak = Math.max(
        peak ?? 0,
        sizes.reduce((sum, size) => sum + size, 0),
      );
  };
  sample();
  const timer = setInterval(sample, 100);
  return {
    stop() {
      clearInterval(timer);
      sample();
      return peak;
    },
  };
}
