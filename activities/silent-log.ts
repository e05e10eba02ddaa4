import { TaskLog } from './task-log.js';

/** A log that keeps nothing: the polls of a wait are many and alike, and how things stand is told by the task's notice. */
export class SilentLog extends TaskLog {
  override write(): void {}
}
