/** Where this folder's messages go; pino's logger is one. `fields` first, as pino has it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Whether messages of that level are shown at all. Default: they are. */
  isLevelEnabled?(level: 'debug'): boolean;
}

/** Says nothing. */
export const QUIET: Log = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false };
