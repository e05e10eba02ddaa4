/**
 * Starts the built service in a process of its own with what a clone offers on top of a bare installation: the activities of
 * `examples/`, so that every example can be sent to it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

/** The environment of the service: the caller's own settings win. */
export function serviceEnvironment(env = process.env) {
  return { BATON_ACTIVITIES: join(root, 'dist', 'examples', 'activities', 'index.js'), ...env };
}

/** Spawns the service; `stdio` as in child_process. */
export function spawnService({ stdio = 'inherit', env = process.env } = {}) {
  return spawn(process.execPath, ['--enable-source-maps', join(root, 'dist', 'src', 'main.js')], {
    cwd: root,
    env: serviceEnvironment(env),
    stdio,
  });
}
