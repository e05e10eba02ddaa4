import type { TaskBody } from './plan.js';

/** A bodies blob is closed when its JSON has reached this many characters. */
const BODIES_CHUNK = 256 * 1024;

/** Splits bodies into blobs: a worker then reads about 256 KiB for a task, not the bodies of 10,000. */
export class BodyChunks {
  readonly blobs: { [taskId: string]: TaskBody }[] = [];
  private size = BODIES_CHUNK;

  /** Index of the blob that took it. */
  add(id: string, body: TaskBody): number {
    const length = JSON.stringify(body).length + id.length + 4;
    if (this.size + length > BODIES_CHUNK) {
      this.blobs.push(Object.create(null) as { [taskId: string]: TaskBody });
      this.size = 0;
    }
    this.size += length;
    (this.blobs.at(-1) as { [taskId: string]: TaskBody })[id] = body;
    return this.blobs.length - 1;
  }
}
