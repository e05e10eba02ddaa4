import type { SystemActivities } from '../../activities/system-calls.js';
import type { RunBudgets, RunLook, RunLookInput, RunWord } from '../contract.js';
import { Alarm } from './alarm.js';
import { shielded } from './shielded.js';
import type { TaskHost } from './task-host.js';

/** Questions that are under way at the same time. */
const MAX_ASKED = 20;

/** What is to be known of a run, and by whom. */
export interface Lookout extends Omit<RunLookInput, 'waiter'> {
  /** For the Web UI: what is looked for. */
  readonly about: string;
  /** Called in a turn of the loop with what is known now; true = that is all that is to be known. */
  readonly heard: (look: RunLook) => boolean;
}

interface Open extends Lookout {
  readonly token: string;
  readonly number: number;
  pause: number;
  asked: boolean;
  /** There is more to be asked than what is under way. */
  again: boolean;
}

/**
 * Looks for runs that this one waits for. Nobody polls: what is found open, or is not there yet, tells us by signal. A look now and
 * then, with pauses that grow, is for what cannot tell: a run that was terminated, a word that was lost.
 */
export class RunLookouts {
  private readonly open = new Map<string, Open>();
  private readonly line: Open[] = [];
  private readonly alarm: Alarm;
  private asking = 0;
  private count = 0;

  constructor(
    private readonly workflowId: string,
    private readonly host: Pick<TaskHost, 'tell' | 'began' | 'over'>,
    private readonly budgets: Pick<RunBudgets, 'childWatchMs' | 'longestWatchMs'>,
    private readonly system: (summary: string) => Pick<SystemActivities, 'lookForRun'>,
  ) {
    this.alarm = new Alarm(
      (what) => host.tell(what),
      (number) => {
        for (const each of this.open.values()) if (each.number === number) this.look(each);
      },
      () => 'look again for runs that are waited for',
    );
  }

  /** Begins to look, now. `token` is a name among those of this run; one that stands there is replaced. */
  begin(token: string, lookout: Lookout): void {
    this.forget(token);
    const open: Open = {
      ...lookout,
      ...{ token, number: ++this.count, pause: this.budgets.childWatchMs, asked: false, again: false },
    };
    this.open.set(token, open);
    this.look(open);
  }

  forget(token: string): void {
    const open = this.open.get(token);
    if (open === undefined) return;
    this.open.delete(token);
    this.alarm.clear(open.number);
    const at = this.line.indexOf(open);
    if (at >= 0) this.line.splice(at, 1);
  }

  /** A word came, from a run or from the DAG of one. */
  hear({ token, run }: RunWord): void {
    this.host.tell(() => {
      const open = this.open.get(token);
      if (open === undefined) return;
      if (run !== undefined && open.heard({ look: 'found', run })) return this.forget(token);
      // It has told us for the last time: what comes next is another execution, or another run.
      this.look(open);
    });
  }

  private look(open: Open): void {
    if (open.asked) {
      open.again = true;
      return;
    }
    open.asked = true;
    open.again = false;
    this.line.push(open);
    this.ask();
  }

  private ask(): void {
    while (this.asking < MAX_ASKED) {
      const open = this.line.shift();
      if (open === undefined) return;
      const { awaited, tasks, task, failureEnds, until, token, about } = open;
      const waiter = { workflowId: this.workflowId, token };
      this.asking++;
      this.host.began();
      const over = (answered: () => void): void =>
        this.host.tell(() => {
          this.asking--;
          this.host.over();
          open.asked = false;
          if (this.open.get(token) === open) answered();
          this.ask();
        });
      shielded(() => this.system(about).lookForRun({ awaited, tasks, task, waiter, failureEnds, until })).then(
        (look) =>
          over(() => {
            if (open.heard(look)) this.forget(token);
            else this.later(open);
          }),
        // What cannot be asked now is asked later.
        () => over(() => this.later(open)),
      );
    }
  }

  private later(open: Open): void {
    if (open.again) return this.look(open);
    this.alarm.set(open.number, Date.now() + open.pause);
    open.pause = Math.min(2 * open.pause, this.budgets.longestWatchMs);
  }
}
