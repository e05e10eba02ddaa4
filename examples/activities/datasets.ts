import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { activityInfo } from '@temporalio/activity';

/** What {@link fetchDataset} brought: `file` is relative to the data folder, as file names in sql tasks are. */
export interface FetchedDataset {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The source refused to answer; asking again helps. */
export class SourceNotReady extends Error {
  override readonly name = 'SourceNotReady';
}

/** No such file in the package of data sets; asking again does not help. */
export class NoSuchDataset extends Error {
  override readonly name = 'NoSuchDataset';
}

/**
 * Copies a file of the public `vega-datasets` package into the data folder, as a download would. With `refuseFirst` the first
 * attempt fails on purpose, so that the examples show a retry without waiting for bad luck.
 */
export async function fetchDataset(input: { readonly file: string; readonly refuseFirst?: boolean }): Promise<FetchedDataset> {
  if (!/^[a-z0-9][a-z0-9.-]*$/i.test(input.file)) throw new NoSuchDataset(`${JSON.stringify(input.file)} is no file name.`);
  if (input.refuseFirst && activityInfo().attempt === 1) {
    throw new SourceNotReady(`${input.file} is refused on the first attempt, on purpose: refuseFirst is set.`);
  }
  const source = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '..', 'data', input.file);
  const file = join('datasets', input.file);
  const target = join(dataFolder(), file);
  const partial = `${target}.${randomUUID()}.part`;
  await mkdir(dirname(target), { recursive: true });

  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(source), measure, createWriteStream(partial));
    // A reader sees the whole file or none, also when two runs fetch it at once.
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new NoSuchDataset(`vega-datasets has no ${input.file}.`);
    throw error;
  }
  return { file, bytes, sha256: hash.digest('hex') };
}

/** The folder that file names of sql tasks are relative to, as the service finds it. */
function dataFolder(): string {
  return resolve(process.env.BATON_DATA_DIR || join(process.env.BATON_HOME || '.baton', 'data'));
}
