import { Injectable } from '@nestjs/common';
import { readJsonText } from '../../objects/json-blob.js';
import { sha256 } from '../../objects/sha256.js';
import { BlobStore } from '../blob-store.js';
import { Problem } from '../errors/problem.js';
import type { RunName } from './run-id.js';
import { RunsService } from './runs.service.js';

/** Outputs of tasks as text, wherever they are kept (R15). */
@Injectable()
export class TaskOutputs {
  constructor(
    private readonly runs: RunsService,
    private readonly blobs: BlobStore,
  ) {}

  /** The JSON text of an output. Throws 404 for the run, the task, an output that is not there, and one that was lost. */
  async read(run: RunName, taskId: string): Promise<{ readonly text: string; readonly sha256: string }> {
    const { task } = await this.runs.task(run, taskId);
    const { output, state } = task;
    if (output === undefined) {
      throw new Problem(
        'output_not_found',
        `The task ${taskId} has no output: its state is ${state}, and only a task that succeeded has one.`,
      );
    }
    if ('value' in output) {
      const text = JSON.stringify(output.value);
      return { text, sha256: sha256(text) };
    }
    const text = await readJsonText(this.blobs.objects, output.ref);
    if (text === undefined) {
      throw new Problem(
        'output_not_found',
        `The output of task ${taskId} is gone from the object store: it is older than the retention, or was removed.`,
      );
    }
    return { text, sha256: output.sha256 };
  }
}
