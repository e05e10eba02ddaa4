/**
 * Why an object store refused or failed. `bad_key` the key is not one · `conflict` the key holds other bytes already ·
 * `no_space` the disk or the quota is full · `no_permission` the store may not be read or written · `corrupt` the bytes
 * are not what was written · `io` anything else of the system below.
 */
export type ObjectStoreErrorCode = 'bad_key' | 'conflict' | 'no_space' | 'no_permission' | 'corrupt' | 'io';

/** The one error of every object store: says what failed, for which key, and what to do. */
export class ObjectStoreError extends Error {
  constructor(
    readonly code: ObjectStoreErrorCode,
    readonly key: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ObjectStoreError';
  }
}

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT']);
const NO_PERMISSION = new Set(['EACCES', 'EPERM', 'EROFS']);
const BAD_KEY = new Set(['ENAMETOOLONG', 'EISDIR', 'ENOTDIR', 'EEXIST', 'EINVAL']);

/** Names a failed system call of a folder store. Paths of the host stay out of the message. */
export function objectStoreError(error: unknown, verb: 'read' | 'write' | 'list' | 'delete', key: string): ObjectStoreError {
  if (error instanceof ObjectStoreError) return error;
  const code = errorCode(error) ?? 'unknown error';
  const what = `cannot ${verb} object ${key}`;
  if (NO_SPACE.has(code)) {
    return new ObjectStoreError(
      'no_space',
      key,
      `${what}: no space left (${code}); free space on the disk of the object store or raise its quota, then repeat`,
      { cause: error },
    );
  }
  if (NO_PERMISSION.has(code)) {
    return new ObjectStoreError(
      'no_permission',
      key,
      `${what}: not permitted (${code}); let the user that runs Baton read and write the folder of the object store`,
      { cause: error },
    );
  }
  if (BAD_KEY.has(code)) {
    return new ObjectStoreError(
      'bad_key',
      key,
      `${what}: the key does not fit (${code}); no part may be longer than 255 bytes, and no key may lie below another key`,
      { cause: error },
    );
  }
  return new ObjectStoreError('io', key, `${what}: ${code}; check the disk of the object store`, { cause: error });
}

/** The system's code of an error (`ENOENT`), where it has one. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
