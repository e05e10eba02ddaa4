import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { shielded } from './shielded.js';

/** Tells another workflow something, by its id, whatever is cancelled meanwhile; it has to hear a word twice as once. One that is gone needs no word. */
export async function sendWord<Word>(workflowId: string, signal: string, word: Word): Promise<void> {
  try {
    await shielded(() => getExternalWorkflowHandle(workflowId).signal(signal, word));
  } catch {
    // Closed, or not known any more: the reports say it all.
  }
}
