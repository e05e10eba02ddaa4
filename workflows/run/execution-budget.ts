import { workflowInfo } from '@temporalio/workflow';
import type { RunBudgets } from '../contract.js';

/** Temporal takes 2,000 pending activities of an execution: what tasks have in flight, what polls for waits, and room to spare. */
const MAX_IN_FLIGHT = 500;

/** What an execution has in flight, and what its history says of how long it may go on. */
export class ExecutionBudget {
  private inFlight = 0;

  constructor(private readonly limits: Pick<RunBudgets, 'continueFromEvents' | 'drainFromEvents' | 'drainFromBytes'>) {}

  began(): void {
    this.inFlight++;
  }

  over(): void {
    this.inFlight--;
  }

  /** Nothing is under way that an execution would lose by ending. */
  get isIdle(): boolean {
    return this.inFlight === 0;
  }

  /** Enough is in flight: what else is ready waits for an end. */
  get isFull(): boolean {
    return this.inFlight >= MAX_IN_FLIGHT;
  }

  /** The history is long enough to go on in a new execution as soon as nothing is in flight. */
  get isLong(): boolean {
    return workflowInfo().historyLength >= this.limits.continueFromEvents;
  }

  /** The history is so long that nothing more may start in it. */
  get mustDrain(): boolean {
    const { historyLength, historySize } = workflowInfo();
    return historyLength >= this.limits.drainFromEvents || historySize >= this.limits.drainFromBytes;
  }
}
