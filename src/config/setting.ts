/** How the text of a setting is read; each kind has one reader in `setting-reader.ts`. */
export type SettingKind = 'text' | 'list' | 'path' | 'port' | 'integer' | 'duration' | 'boolean' | 'choice';

/** One environment variable that Baton reads, as data: documentation is made from it and checked against it. */
export interface Setting {
  readonly name: string;
  readonly kind: SettingKind;
  /** As one would write it in the environment; absent = unset. */
  readonly default?: string;
  /** What it does, in one or two sentences. */
  readonly about: string;
  /** Of kind `choice` (one of) and `list` (each of). */
  readonly choices?: readonly string[];
  /** Of kind `integer`. */
  readonly min?: number;
  readonly max?: number;
}
