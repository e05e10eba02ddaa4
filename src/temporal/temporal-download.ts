import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { EnvHttpProxyAgent, fetch } from 'undici';
import type { Log } from './log.js';

/** What both ways of getting the program need. */
export interface BinaryOrder {
  readonly version: string;
  /** Where the finished program goes. */
  readonly target: string;
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

const INFO_TIMEOUT_MS = 5_000;
const ARCHIVE_TIMEOUT_MS = 180_000;
const PLATFORMS: { readonly [platform: string]: string } = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const ARCHITECTURES: { readonly [arch: string]: string } = { x64: 'amd64', arm64: 'arm64' };

/** Downloads the program from where the Temporal SDKs get it. @throws Error saying why not. */
export async function downloadTemporal({ version, target, cacheDir, log }: BinaryOrder): Promise<void> {
  const platform = PLATFORMS[process.platform];
  const arch = ARCHITECTURES[process.arch];
  if (!platform || !arch) throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  const dispatcher = new EnvHttpProxyAgent();
  const get = async (url: string, timeout: number) => {
    const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(timeout) }).catch((error: Error) => {
      throw new Error(
        `${new URL(url).host} cannot be reached (${(error.cause as Error | undefined)?.message ?? error.message})`,
      );
    });
    if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`);
    return response;
  };
  try {
    const info = (await (
      await get(`https://temporal.download/cli/${version}?platform=${platform}&arch=${arch}&format=tar.gz`, INFO_TIMEOUT_MS)
    ).json()) as { archiveUrl?: unknown; fileToExtract?: unknown };
    if (
      typeof info.archiveUrl !== 'string' ||
      !info.archiveUrl.startsWith('https://') ||
      typeof info.fileToExtract !== 'string'
    )
      throw new Error('the answer of temporal.download is not as expected');
    log.info({}, `Downloading the Temporal server ${version} ...`);
    const archive = Buffer.from(await (await get(info.archiveUrl, ARCHIVE_TIMEOUT_MS)).arrayBuffer());
    await install(fileOfTar(await promisify(gunzip)(archive), info.fileToExtract), target, cacheDir);
  } finally {
    await dispatcher.close().catch(() => undefined);
  }
}

/** A file of a tar archive, by name. @throws Error when it is not in there. */
export function fileOfTar(tar: Buffer, name: string): Buffer {
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const entry = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0;
    if (entry.replace(/^\.\//, '') === name) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`the downloaded archive has no file ${name}`);
}

/** Whole or not at all: a program that was cut short never has its name. */
async function install(program: Buffer, target: string, cacheDir: string): Promise<void> {
  const temp = join(cacheDir, `download-${process.pid}-${randomUUID()}`);
  try {
    await writeFile(temp, program, { flush: true });
    await chmod(temp, 0o755);
    await mkdir(dirname(target), { recursive: true });
    await rename(temp, target);
  } finally {
    await rm(temp, { force: true });
  }
}
