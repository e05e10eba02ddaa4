import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Json } from '../../src/dag/json.js';
import { TaskError } from '../task-error.js';

const MAX_ENCODINGS = 3;

/**
 * Reads a response to its end, unpacked, at most `maxBytes` of it packed or unpacked. Throws `TaskError` (`HttpResponseTooLarge`,
 * `HttpBadResponse`).
 */
export async function readBody(body: Readable, contentEncoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const encodings = (contentEncoding ?? '')
    .split(',')
    .map((e) => e.trim().toLowerCase())
    .filter((e) => e !== '' && e !== 'identity');
  if (encodings.length > MAX_ENCODINGS)
    throw new TaskError('HttpBadResponse', `the response is packed ${encodings.length} times over`);
  const chain: Readable[] = [body];
  try {
    for (const encoding of encodings.reverse()) {
      const unpacker = unpackerOf(encoding);
      const from = chain.at(-1) as Readable;
      from.on('error', (error) => unpacker.destroy(error));
      chain.push(from.pipe(unpacker));
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of chain.at(-1) as Readable) {
      size += (chunk as Buffer).length;
      if (size > maxBytes)
        throw new TaskError(
          'HttpResponseTooLarge',
          `the response is larger than ${maxBytes} bytes; ask for less of it, or raise maxResponseBytes as far as the administrator allows`,
          { retryable: false },
        );
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && /^(Z_|ERR_BROTLI|ERR__ERROR_FORMAT|ERR_PADDING)/.test(code))
      throw new TaskError('HttpBadResponse', `the response cannot be unpacked (${code})`, { cause: error });
    throw error;
  } finally {
    for (const stream of chain) stream.on('error', () => undefined).destroy();
  }
}

function unpackerOf(encoding: string): import('node:stream').Transform {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  throw new TaskError('HttpBadResponse', `the response is packed as ${encoding}, which was not asked for`);
}

/**
 * The body as an output holds it (R17): JSON by content type, null when empty, text where it is text, else `{base64}`. Throws
 * `TaskError` (`HttpBadResponse`) for JSON that is none.
 */
export function bodyValue(bytes: Buffer, contentType: string | undefined): Json {
  if (bytes.length === 0) return null;
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || type.endsWith('+json')) {
    try {
      return JSON.parse(new TextDecoder('utf-8').decode(bytes)) as Json;
    } catch (error) {
      throw new TaskError('HttpBadResponse', `the response says it is ${type} but is not JSON: ${(error as Error).message}`);
    }
  }
  const text = decoded(bytes, /charset="?([^";\s]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8', type.startsWith('text/'));
  return text ?? { base64: bytes.toString('base64') };
}

function decoded(bytes: Buffer, charset: string, isText: boolean): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: !isText }).decode(bytes);
  } catch {
    return isText ? new TextDecoder('utf-8').decode(bytes) : undefined;
  }
}
