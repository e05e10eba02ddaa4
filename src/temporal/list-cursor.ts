/** The cursor of a list is not one of ours (400). */
export class BadCursorError extends Error {
  override readonly name = 'BadCursorError';
  constructor() {
    super('`cursor` is not one that this list gave out; leave it out to start at the beginning.');
  }
}

/** Where a list of runs goes on: after this run, in the order newest first. */
export interface RunCursor {
  /** Epoch ms. */
  readonly startedAt: number;
  readonly runId: string;
}

/** Opaque to callers, safe in an address. */
export function encodeRunCursor({ startedAt, runId }: RunCursor): string {
  return pack([startedAt, runId]);
}

/** @throws BadCursorError */
export function decodeRunCursor(text: string): RunCursor {
  const [startedAt, runId] = unpack(text);
  if (
    typeof startedAt !== 'number' ||
    !Number.isSafeInteger(startedAt) ||
    startedAt < 0 ||
    startedAt >= 8.64e15 ||
    typeof runId !== 'string'
  )
    throw new BadCursorError();
  return { startedAt, runId };
}

/** Cursor of the list of DAGs: the last id. */
export function encodeDagCursor(dagId: string): string {
  return pack([dagId]);
}

/** @throws BadCursorError */
export function decodeDagCursor(text: string): string {
  const [dagId] = unpack(text);
  if (typeof dagId !== 'string') throw new BadCursorError();
  return dagId;
}

function pack(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

function unpack(text: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (Array.isArray(parts)) return parts;
  } catch {
    // Falls through to the same error.
  }
  throw new BadCursorError();
}
