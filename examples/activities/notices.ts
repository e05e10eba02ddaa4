import { appendFile, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Appends a line to `notices.log` in the data folder: a stand-in for a pager that needs no account anywhere. */
export async function writeNotice(text: string): Promise<{ readonly written: string }> {
  const folder = resolve(process.env.BATON_DATA_DIR || join(process.env.BATON_HOME || '.baton', 'data'));
  await mkdir(folder, { recursive: true });
  await appendFile(join(folder, 'notices.log'), `${text.replaceAll('\n', ' ')}\n`);
  return { written: text };
}
