import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretMask } from '../../../activities/secret-mask.js';
import type { TaskContext } from '../../../activities/task-context.js';
import { TaskLog } from '../../../activities/task-log.js';
import type { Resources } from '../../../src/dag/resources.js';
import { FolderStore } from '../../../src/objects/folder-store.js';
import { readLog } from '../../../src/objects/log-reader.js';

/** What a handler needs to run outside of the wrapper, on a real store in a fresh folder. */
export async function taskContext(
  taskId = 'task',
  resources: Resources = {},
): Promise<TaskContext & { readonly abort: AbortController; logText(): Promise<string> }> {
  const objects = new FolderStore(await mkdtemp(join(tmpdir(), 'baton-handler-')));
  const prefix = 'runs/d/d=k/1/';
  const abort = new AbortController();
  const log = new TaskLog({ objects, prefix, taskId, attempt: 1, mask: new SecretMask([]) });
  return {
    abort,
    signal: abort.signal,
    log,
    objects,
    info: { runId: 'd@k', taskId, attempt: 1, idempotencyKey: '0123456789abcdef0123456789abcdef', prefix, resources },
    heartbeat: () => undefined,
    logText: async () => {
      await log.close();
      return (await readLog(objects, prefix, taskId, 1)).text;
    },
  };
}
