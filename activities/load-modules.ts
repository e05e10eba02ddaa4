import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TASK_TYPES } from '../src/dag/task-type.js';
import type { UserActivities } from './activity-deps.js';
import { BACKFILL_ACTIVITY_NAMES } from './backfill-activities.js';
import { PLACE_ACTIVITY_NAMES } from './place-activities.js';
import { SYSTEM_ACTIVITY_NAMES } from './system-activities.js';

/** A module of activities that cannot be used: which, why, and what to do. */
export class ActivityModuleError extends Error {
  constructor(
    readonly module: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`activity module ${module}: ${message}`, options);
    this.name = 'ActivityModuleError';
  }
}

const NAME = /^[A-Za-z_$][A-Za-z0-9_$]{0,127}$/;
const TAKEN: ReadonlySet<string> = new Set([
  ...Object.keys(TASK_TYPES),
  ...SYSTEM_ACTIVITY_NAMES,
  ...PLACE_ACTIVITY_NAMES,
  ...BACKFILL_ACTIVITY_NAMES,
  'default',
]);

/**
 * Loads the ESM modules named in the configuration (paths, relative to `from`) and returns each exported function under its name. Throws
 * `ActivityModuleError` for a module that does not load or exports none, and for names that are taken.
 */
export async function loadModules(paths: readonly string[], from = process.cwd()): Promise<UserActivities> {
  const activities = new Map<string, (...args: never[]) => unknown>();
  const origin = new Map<string, string>();
  for (const path of new Set(paths.map((p) => (isAbsolute(p) ? p : resolve(from, p))))) {
    let exported: { readonly [name: string]: unknown };
    try {
      exported = await import(pathToFileURL(path).href);
    } catch (error) {
      throw new ActivityModuleError(
        path,
        `cannot be loaded: ${(error as Error).message}; it must be an ECMAScript module that this Node can run`,
        { cause: error },
      );
    }
    const functions = Object.entries(exported).filter((entry): entry is [string, (...args: never[]) => unknown] =>
      isActivity(entry[1]),
    );
    if (functions.length === 0)
      throw new ActivityModuleError(path, 'exports no function; export each activity as a named async function');
    for (const [name, fn] of functions) {
      if (TAKEN.has(name))
        throw new ActivityModuleError(
          path,
          `exports ${name}, a name that Baton uses itself; rename it${name === 'default' ? ' (a default export has no name)' : ''}`,
        );
      if (!NAME.test(name))
        throw new ActivityModuleError(path, `exports ${JSON.stringify(name)}, which cannot name an activity`);
      const other = origin.get(name);
      if (other !== undefined)
        throw new ActivityModuleError(path, `exports ${name}, which ${other} exports too; rename one of them`);
      activities.set(name, fn);
      origin.set(name, path);
    }
  }
  return activities;
}

/** Functions, but not classes (an error type that a module exports is no activity). */
function isActivity(value: unknown): boolean {
  return typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value));
}
