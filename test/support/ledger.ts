import { readFileSync, writeFileSync } from 'node:fs';

/** One line: an attempt of a task began, or got to its end. */
export interface LedgerLine {
  readonly run: string;
  readonly task: string;
  readonly attempt: number;
  readonly phase: 'begin' | 'end';
  /** Process of the worker. */
  readonly pid: number;
}

/** What the activities of `ledger-activities.mjs` wrote down, and the gates that some of them wait at. */
export class Ledger {
  constructor(readonly file: string) {
    writeFileSync(file, '', { flag: 'a' });
  }

  lines(run?: string): readonly LedgerLine[] {
    const text = readFileSync(this.file, 'utf8');
    // A process that is killed in mid-line leaves half of one.
    const lines = text.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as LedgerLine];
      } catch {
        return [];
      }
    });
    return run === undefined ? lines : lines.filter((line) => line.run === run);
  }

  /** How often attempts of a task began, or ended. */
  count(run: string, task: string, phase: LedgerLine['phase']): number {
    return this.lines(run).filter((line) => line.task === task && line.phase === phase).length;
  }

  /** Lets everything through that waits at this gate, now and later. */
  open(gate: string): void {
    writeFileSync(`${this.file}.${gate}`, '');
  }
}
