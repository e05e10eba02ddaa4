import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { withMemoryLimit } from './memory-limit.js';
import { endProcessGroup } from './process-group.js';

const DRAIN_MS = 1000;
/** File descriptors 1 and 2, as logs call them. */
const STREAMS = { 1: 'stdout', 2: 'stderr' } as const;

/** A program and what surrounds it. */
export interface ProcessOrder {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All of its environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: string;
  /** File descriptor that holds its result; what it writes to the others goes to `onLine`. Default: none. */
  readonly collect?: 1 | 3;
  /** Of what is collected; beyond it the process is ended. */
  readonly maxBytes: number;
  /** Time between SIGTERM and SIGKILL, ms. */
  readonly killAfterMs: number;
  /** Most data that each of its processes may hold, in bytes, where the system can limit that. Default: no limit. */
  readonly memory?: number;
  onLine(stream: 'stdout' | 'stderr', line: string): void;
}

/** How a process ended: an exit code, a signal, or neither when it could not be started (`code` of the system then). */
export interface ProcessEnd {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly code?: string;
  readonly collected: string;
  readonly tooLarge: boolean;
}

/**
 * Runs a program as the leader of a process group of its own, which is ended as a whole when it exits, when `signal` is aborted, and
 * when it says too much. Resolves when none of the group runs any more; rejects with the reason of `signal`.
 */
export async function runProcess(order: ProcessOrder, signal: AbortSignal): Promise<ProcessEnd> {
  const { cwd, env, stdin, collect, maxBytes, killAfterMs, memory } = order;
  signal.throwIfAborted();
  const { file, args } = memory === undefined ? order : await withMemoryLimit(order, memory);
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
    stdio: ['pipe', 'pipe', 'pipe', ...(collect === 3 ? (['pipe'] as const) : [])],
  });
  const outputs = child.stdio.slice(1) as Readable[];
  const ended = async (): Promise<void> => {
    await endProcessGroup(child.pid, killAfterMs);
    // A process that left the group may hold the pipes open for ever: what is in them by now is all there is.
    setTimeout(() => outputs.forEach((stream) => void stream.destroy()), DRAIN_MS).unref();
  };
  let ending: Promise<void> | undefined;
  const onAbort = (): void => {
    ending ??= ended();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  // Also when it ends by itself: what it left in its group would keep its pipes open, and the task waiting.
  child.once('exit', onAbort);
  const chunks: Buffer[] = [];
  let size = 0;
  if (collect !== undefined)
    outputs[collect - 1]?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) onAbort();
      else chunks.push(chunk);
    });
  const linesEnd = ([1, 2] as const)
    .filter((descriptor) => descriptor !== collect)
    .map((descriptor) => {
      const lines = createInterface({ input: outputs[descriptor - 1] as Readable, crlfDelay: Number.POSITIVE_INFINITY });
      lines.on('line', (line) => order.onLine(STREAMS[descriptor], line));
      return new Promise<void>((resolve) => void lines.once('close', () => resolve()));
    });
  try {
    const result = await child;
    await Promise.all(linesEnd);
    signal.throwIfAborted();
    return {
      exitCode: result.exitCode,
      signal: result.signal,
      code: (result as { readonly code?: string }).code,
      collected: Buffer.concat(chunks).toString('utf8'),
      tooLarge: size > maxBytes,
    };
  } finally {
    signal.removeEventListener('abort', onAbort);
    await ending;
  }
}
