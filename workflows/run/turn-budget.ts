import { workflowInfo } from '@temporalio/workflow';
import type { RunBudgets } from '../contract.js';

/** Measured limits of Temporal: pending activities of an execution, commands and their input in one workflow task. */
const MAX_IN_FLIGHT = 500;
const MAX_COMMANDS = 200;
const MAX_INPUT_CHARS = 1024 * 1024;
/** Expressions one turn evaluates, at most: each is bounded by itself, their sum must stay far below five seconds. */
const MAX_EVALUATIONS = 100;

/** What one turn of the loop may still begin, what is in flight, and what the history says of how long this execution may go on. */
export class TurnBudget {
  private inFlight = 0;
  private commands = 0;
  private inputChars = 0;
  private evaluations = 0;

  constructor(private readonly limits: Pick<RunBudgets, 'continueFromEvents' | 'drainFromEvents' | 'drainFromBytes'>) {}

  beginTurn(): void {
    this.commands = 0;
    this.inputChars = 0;
    this.evaluations = 0;
  }

  sent(chars: number): void {
    this.commands++;
    this.inputChars += chars;
  }

  began(chars: number): void {
    this.sent(chars);
    this.inFlight++;
  }

  over(): void {
    this.inFlight--;
  }

  evaluated(): void {
    this.evaluations++;
  }

  /** Nothing is under way that an execution would lose by ending. */
  get isIdle(): boolean {
    return this.inFlight === 0;
  }

  /** Enough is in flight: what else is ready waits for an end. */
  get isFull(): boolean {
    return this.inFlight >= MAX_IN_FLIGHT;
  }

  /** The turn has done enough: what else is ready waits for the next one. */
  get isSpent(): boolean {
    return this.commands >= MAX_COMMANDS || this.inputChars >= MAX_INPUT_CHARS || this.evaluations >= MAX_EVALUATIONS;
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
