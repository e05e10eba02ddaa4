/**
 * Activities that leave a line in the file BATON_TEST_LEDGER, synced to the disk, whenever one of their attempts begins or ends:
 * what really happened, whatever Temporal and the reports say.
 */
import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { activityInfo, Context } from '@temporalio/activity';

const LEDGER = process.env.BATON_TEST_LEDGER;

function note(phase) {
  const { activityId, attempt, workflowExecution } = activityInfo();
  const file = openSync(LEDGER, 'a');
  try {
    writeSync(
      file,
      `${JSON.stringify({ run: workflowExecution.workflowId, task: activityId, attempt, phase, pid: process.pid })}\n`,
    );
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Works for `ms`, cancelled or not. Returns `value`, or the name of the task. */
export async function work(ms = 0, value) {
  note('begin');
  await delay(ms);
  note('end');
  return value ?? activityInfo().activityId;
}

/** Works until the test opens the gate: a file beside the ledger. Ends at once when it is asked to stop. */
export async function gate(name) {
  note('begin');
  while (!existsSync(`${LEDGER}.${name}`)) await delay(20, undefined, { signal: Context.current().cancellationSignal });
  note('end');
  return name;
}

/** As `gate`, but deaf to every request to stop. */
export async function deafGate(name) {
  note('begin');
  while (!existsSync(`${LEDGER}.${name}`)) await delay(20);
  note('end');
  return name;
}

/** Fails as often as told, then succeeds. */
export async function flaky(failures) {
  note('begin');
  if (activityInfo().attempt <= failures) throw new Error(`failure ${activityInfo().attempt} of ${failures}`);
  note('end');
  return null;
}
