import type { SecretMask } from './secret-mask.js';
import { type LogSource, TaskLog } from './task-log.js';

/** What a hook says between two attempts: it stands in the log of the attempt before it, behind the hook's name, its secrets hidden. */
export class HookLog extends TaskLog {
  constructor(
    private readonly log: TaskLog,
    private readonly name: string,
    mask: SecretMask,
  ) {
    super({ ...log.options, mask });
  }

  override write(source: LogSource, text: string, fields?: object): void {
    for (const line of this.shown(text, fields).split(/\r?\n/)) this.log.write(source, `${this.name}: ${line}`);
  }

  override close(): Promise<void> {
    return this.log.close();
  }
}
