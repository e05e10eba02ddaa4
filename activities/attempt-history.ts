import { type Attempt, type Failure, type HookRecord, interruptedHook } from '../src/dag/state.js';

/** What travels from attempt to attempt in heartbeat details (R20). */
export interface HeartbeatDetails {
  /** All attempts so far; the last one is under way when it has no `endedAt`. */
  readonly attempts: readonly Attempt[];
  /** How many of them failed by the task's own doing. */
  readonly userFailures: number;
  /** Hooks between attempts, the newest. Absent = none ran. */
  readonly hooks?: readonly HookRecord[];
  /** What the user's own code heartbeats. */
  readonly user?: unknown;
}

/** Earlier attempts keep this much of their message, the newest ten all of it: 100 attempts must fit a payload. */
const OLD_MESSAGE = 200;
const KEPT_WHOLE = 10;
/** Of hooks between attempts the newest are kept, with this much of their message. */
const KEPT_HOOKS = 20;
const HOOK_MESSAGE = 500;

/**
 * The attempts of one task, carried on from heartbeat details. An earlier attempt that left no end is one whose worker was lost:
 * it is recorded as such and is not the user's.
 */
export class AttemptHistory {
  private readonly ended: Attempt[];
  private userFailureCount: number;
  private hookRecords?: readonly HookRecord[];
  current: Attempt & { readonly startedAt: number };

  /** @param before attempts of earlier rounds, which others keep: numbers go on after them. */
  constructor(temporalAttempt: number, details: unknown, worker: string, now: number, before = 0) {
    const known: HeartbeatDetails = isDetails(details) ? details : { attempts: [], userFailures: 0 };
    this.userFailureCount = known.userFailures;
    this.ended = known.attempts.map((a) => (a.endedAt === undefined && a.failure === undefined ? lost(a) : a));
    // Counts go on where Temporal begins again (an operator's reset), and gaps are attempts that nobody could report.
    while (this.ended.length < temporalAttempt - 1) this.ended.push(lost({ attempt: before + this.ended.length + 1 }));
    this.hookRecords = known.hooks?.map(interruptedHook);
    this.current = { attempt: before + this.ended.length + 1, startedAt: now, worker };
  }

  get userFailures(): number {
    return this.userFailureCount;
  }

  /** Attempts that a lost worker, a shutdown or the object store cost. */
  get infraFailures(): number {
    return this.ended.length - this.userFailureCount;
  }

  /** When the first attempt that reported began, epoch ms. */
  get firstStartedAt(): number {
    return this.ended.find((a) => a.startedAt !== undefined)?.startedAt ?? this.current.startedAt;
  }

  /** The failure of the attempt before this one. */
  get lastFailure(): Failure | undefined {
    return this.ended.at(-1)?.failure;
  }

  /** The attempt before this one, where its worker did not live to run the hooks that follow it. */
  get lostBefore(): Attempt | undefined {
    const last = this.ended.at(-1);
    const answered = this.hookRecords?.some(({ attempt }) => attempt === last?.attempt) === true;
    return last?.failure?.kind === 'worker_lost' && !answered ? last : undefined;
  }

  /** Hooks between attempts that have begun, the newest, as results, failures and heartbeats carry them. */
  get hooks(): { readonly hooks?: readonly HookRecord[] } {
    return this.hookRecords === undefined ? {} : { hooks: this.hookRecords };
  }

  /** A hook has begun, or the one that began last has ended. */
  noteHook(record: HookRecord): void {
    const others = (this.hookRecords ?? []).filter(({ state }) => state !== 'running');
    this.hookRecords = [...others, shortened(record)].slice(-KEPT_HOOKS);
  }

  /** The current attempt begins only now. */
  restart(now: number): void {
    this.current = { ...this.current, startedAt: now };
  }

  /** Ends the current attempt with a failure. */
  fail(failure: Failure, by: 'user' | 'infrastructure', now: number): void {
    this.ended.push({ ...this.current, endedAt: now, failure });
    if (by === 'user') this.userFailureCount++;
  }

  /** All attempts, the current one ended well. */
  succeeded(now: number): Attempt[] {
    return [...this.trimmed(), { ...this.current, endedAt: now }];
  }

  /** All attempts that ended. */
  attempts(): Attempt[] {
    return this.trimmed();
  }

  /** What to heartbeat now. */
  details(user: unknown): HeartbeatDetails {
    const over = this.ended.some((a) => a.attempt === this.current.attempt);
    const attempts = over ? this.trimmed() : [...this.trimmed(), this.current];
    return {
      attempts,
      userFailures: this.userFailureCount,
      ...this.hooks,
      ...(user === undefined ? {} : { user }),
    };
  }

  private trimmed(): Attempt[] {
    return this.ended.map((a, i) => {
      if (a.failure === undefined || i >= this.ended.length - KEPT_WHOLE || a.failure.message.length <= OLD_MESSAGE) return a;
      const { details: _, ...failure } = a.failure;
      return { ...a, failure: { ...failure, message: `${failure.message.slice(0, OLD_MESSAGE)}…` } };
    });
  }
}

function lost(attempt: Attempt): Attempt {
  const where = attempt.worker === undefined ? 'its worker' : `worker ${attempt.worker}`;
  return {
    ...attempt,
    failure: { kind: 'worker_lost', message: `${where} stopped reporting: it was killed, cut off or blocked` },
  };
}

function shortened(record: HookRecord): HookRecord {
  const { failure } = record;
  if (failure === undefined || failure.message.length <= HOOK_MESSAGE) return record;
  return { ...record, failure: { ...failure, message: `${failure.message.slice(0, HOOK_MESSAGE)}…` } };
}

function isDetails(details: unknown): details is HeartbeatDetails {
  const d = details as Partial<HeartbeatDetails> | null | undefined;
  return typeof d === 'object' && d !== null && Array.isArray(d.attempts) && typeof d.userFailures === 'number';
}
