import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { recordedHistories } from '../support/recorded-history.js';
import { workflowBundle } from '../support/workflow-bundle.js';

describe('recorded histories', () => {
  it('replay with the workflows of today: no change may make a different decision in a run that is under way', async () => {
    const histories = recordedHistories();
    expect(histories.length).toBeGreaterThanOrEqual(10);
    const failures: string[] = [];
    for await (const { workflowId, error } of Worker.runReplayHistories(
      { workflowBundle: await workflowBundle() },
      histories,
    )) {
      if (error !== undefined) failures.push(`${workflowId}: ${error.message}`);
    }
    expect(failures).toEqual([]);
  });
});
