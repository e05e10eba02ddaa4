import { setTimeout as delay } from 'node:timers/promises';
import type { RunHead, TaskRecord, TasksQueryInput, TasksQueryResult } from '../../../workflows/contract.js';
import type { StreamEvent } from './event-stream.js';

/** Reads a page of the tasks of the run that is followed; undefined = there is no such run any more. */
export type ReadTasks = (input: TasksQueryInput) => Promise<(TasksQueryResult & { readonly live: boolean }) | undefined>;

/** How a run and its tasks are shown in events. */
export interface FeedViews {
  run(head: RunHead, live: boolean): unknown;
  task(record: TaskRecord): unknown;
}

/** Somebody who follows a run. */
export interface Subscriber {
  send(events: readonly StreamEvent[]): void;
  end(): void;
}

const PAGE = 1_000;
const FASTEST_MS = 150;
const SLOWEST_MS = 1_000;

/**
 * Follows one run for all its subscribers: one poller, however many read. It keeps the newest record of each task, so
 * that whoever joins, or comes back with the id of its last event, gets exactly what it does not know yet. Ids are
 * revisions. Polls every 150 ms while things change, down to once a second; ends after the final `run` event.
 */
export class RunFeed {
  private readonly subscribers = new Set<Subscriber>();
  /** What those who wait for the first poll know already. */
  private readonly known = new Map<Subscriber, number>();
  private readonly records = new Map<string, TaskRecord>();
  private readonly stopping = new AbortController();
  private head: RunHead | undefined;
  private live = true;
  private running = false;

  constructor(
    private readonly read: ReadTasks,
    private readonly views: FeedViews,
    private readonly onEmpty: () => void,
  ) {}

  /** Adds a subscriber that knows everything up to `since`; the returned function removes it. */
  subscribe(subscriber: Subscriber, since: number): () => void {
    this.subscribers.add(subscriber);
    if (this.head) subscriber.send(this.eventsSince(since));
    else this.known.set(subscriber, since);
    if (!this.running) void this.run();
    return () => this.leave(subscriber);
  }

  /** Ends all streams; subscribers go on elsewhere with Last-Event-ID. */
  stop(): void {
    this.stopping.abort();
    for (const subscriber of this.subscribers) subscriber.end();
    this.subscribers.clear();
  }

  private leave(subscriber: Subscriber): void {
    this.subscribers.delete(subscriber);
    this.known.delete(subscriber);
    if (this.subscribers.size === 0) {
      this.stopping.abort();
      this.onEmpty();
    }
  }

  private async run(): Promise<void> {
    this.running = true;
    let pause = FASTEST_MS;
    while (!this.stopping.signal.aborted) {
      const changed = await this.poll();
      if (changed === 'over') break;
      pause = changed === 'changed' ? FASTEST_MS : Math.min(SLOWEST_MS, pause * 1.5);
      await delay(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
    for (const subscriber of this.subscribers) subscriber.end();
    this.subscribers.clear();
    this.onEmpty();
  }

  private async poll(): Promise<'changed' | 'same' | 'over'> {
    let changes: Changes | undefined;
    try {
      changes = await readChanges(this.read, this.head?.revision);
    } catch {
      // Temporal is away, or a worker is: the streams stay open, heartbeats go on, and the next poll tries again.
      return 'same';
    }
    if (this.stopping.signal.aborted || !changes) return 'over';
    const { head, live, tasks } = changes;
    const previous = this.head;
    const since = previous?.revision ?? 0;
    // Without a worker Temporal remembers less than is known here already.
    if (!live && previous && head.endedAt === undefined) return 'same';
    this.live = live;
    this.head = head;
    for (const task of tasks) this.records.set(task.taskId, task);
    const isNews = !previous || head.revision > since || head.state !== previous.state || head.endedAt !== previous.endedAt;
    if (isNews) {
      for (const subscriber of this.subscribers) subscriber.send(this.eventsSince(this.known.get(subscriber) ?? since));
      this.known.clear();
    }
    if (head.endedAt !== undefined) return 'over';
    return isNews ? 'changed' : 'same';
  }

  private eventsSince(since: number): StreamEvent[] {
    const head = this.head as RunHead;
    const tasks = [...this.records.values()].filter(({ revision }) => revision > since).sort((a, b) => a.revision - b.revision);
    return [
      ...tasks.map((task) => ({ event: 'task', id: task.revision, data: this.views.task(task) })),
      { event: 'run', ...(this.live ? { id: head.revision } : {}), data: this.views.run(head, this.live) },
    ];
  }
}

interface Changes {
  readonly head: RunHead;
  readonly live: boolean;
  readonly tasks: readonly TaskRecord[];
}

/**
 * Everything that changed after `since`, as of the first page: what changes while further pages are read comes with the
 * next call, so that no change is skipped and ids only grow.
 */
async function readChanges(read: ReadTasks, since: number | undefined): Promise<Changes | undefined> {
  const tasks: TaskRecord[] = [];
  let first: (TasksQueryResult & { readonly live: boolean }) | undefined;
  for (let after: string | undefined; ; ) {
    const page = await read({ sinceRevision: since, after, limit: PAGE });
    if (!page) return undefined;
    first ??= page;
    tasks.push(...page.tasks);
    after = page.tasks.at(-1)?.taskId;
    if (!page.more || after === undefined) break;
  }
  const { head, live } = first;
  return { head, live, tasks: tasks.filter(({ revision }) => revision <= head.revision) };
}
