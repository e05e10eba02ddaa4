import { sleep, workflowInfo } from '@temporalio/workflow';
import { Meter } from '../../src/dag/expression/index.js';
import { shielded } from './shielded.js';

/** Commands of one workflow task, and characters of JSON in what they carry: the server takes 4 MiB of a workflow task at once. */
const MAX_COMMANDS = 200;
const MAX_CHARS = 1024 * 1024;

/** Steps of expressions in one workflow task: some tenths of a second, of the five that the isolate lets it run. */
const MAX_STEPS = 500_000;
/** Those of one execution: whoever takes it over does them all again, in one workflow task, for which it has ten seconds. */
const MAX_STEPS_OF_EXECUTION = 3_000_000;
/** Steps that one expression may take inside the workflow, and about how many characters of JSON its result may have. */
const MAX_STEPS_OF_ONE = 50_000;
const MAX_RESULT = 64 * 1024;
/** What an evaluation takes besides its own steps: to parse it, to gather what it names. */
const STEPS_AROUND = 200;

/**
 * What one workflow task may do: commands, the size of what they carry, steps of expressions. What goes beyond fails the workflow
 * task, which is tried again for ever: the run hangs. So what is left waits for the next one, or is done by an activity.
 */
export class Allowance {
  /** The workflow task that the numbers below are of: the length of the history at its start. */
  private at = -1;
  private commands = 0;
  private chars = 0;
  private steps = 0;
  private stepsOfExecution = 0;
  private next?: Promise<void>;

  /** Nothing more should start in this workflow task. */
  get isSpent(): boolean {
    return this.isFull || this.steps >= MAX_STEPS;
  }

  private get isFull(): boolean {
    const { historyLength } = workflowInfo();
    if (historyLength !== this.at) {
      this.at = historyLength;
      this.commands = 0;
      this.chars = 0;
      this.steps = 0;
    }
    return this.commands >= MAX_COMMANDS || this.chars >= MAX_CHARS;
  }

  /**
   * Gives a command that carries so many characters of JSON, what it brings back included where that may be much: now, or in the
   * first workflow task that has room for it.
   */
  begin<T>(chars: number, command: () => Promise<T>): Promise<T> {
    if (this.isFull) return this.room().then(() => this.begin(chars, command));
    this.commands++;
    this.chars += chars;
    return command();
  }

  /** For one evaluation; to be given back to {@link took}. Undefined: an activity has to do it. */
  meter(): Meter | undefined {
    return this.isSpent || this.stepsOfExecution >= MAX_STEPS_OF_EXECUTION
      ? undefined
      : new Meter(MAX_STEPS_OF_ONE, MAX_RESULT);
  }

  /** Counts an evaluation by what it took, `source` being the characters of its text. */
  took(steps: number, source: number): void {
    const all = steps + source + STEPS_AROUND;
    this.steps += all;
    this.stepsOfExecution += all;
  }

  /** Sees to it that there is another workflow task, and tells when it has begun. */
  room(): Promise<void> {
    if (this.next === undefined) {
      const begun = (): void => {
        this.next = undefined;
      };
      this.next = shielded(() => sleep(1, { summary: 'more is ready' })).then(begun, begun);
    }
    return this.next;
  }
}
