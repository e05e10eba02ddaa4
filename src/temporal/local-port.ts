import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Where a port is looked for: below the ports that systems hand out by themselves, which begin at 32,768 on Linux and
 * at 49,152 on macOS and Windows, and above those of well-known services.
 */
const FIRST = 15_000;
const LAST = 31_999;
const TRIES = 100;

/**
 * A port of 127.0.0.1 that was free a moment ago and that stays so until somebody asks for that very number: the system
 * gives none of this range to outgoing connections or to those who ask for any port, so a server can be stopped and
 * started again on it. Any free port where none of the tried ones is.
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried++) {
    const port = randomInt(FIRST, LAST + 1);
    if (await isPortFree(port)) return port;
  }
  return listen(0);
}

/** Whether nothing listens on that port of 127.0.0.1. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await listen(port);
    return true;
  } catch (error) {
    if (['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
