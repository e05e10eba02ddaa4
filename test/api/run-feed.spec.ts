import { describe, expect, it } from 'vitest';
import { eventText, lastEventId, type StreamEvent } from '../../src/api/runs/event-stream.js';
import { RunFeed } from '../../src/api/runs/run-feed.js';
import type { RunHead, TaskRecord, TasksQueryInput } from '../../workflows/contract.js';

/** A run as its query tells it, changed step by step by the test. */
class ScriptedRun {
  reads = 0;
  failing = false;
  private readonly tasks = new Map<string, TaskRecord>();
  private head = { state: 'running', revision: 0, startedAt: 1 } as unknown as RunHead;

  set(taskId: string, state: TaskRecord['state']): void {
    const revision = this.head.revision + 1;
    this.head = { ...this.head, revision };
    this.tasks.set(taskId, { taskId, state, revision });
  }

  end(): void {
    this.head = { ...this.head, revision: this.head.revision + 1, state: 'success', endedAt: 2 };
  }

  readonly read = async ({ sinceRevision = 0, after = '', limit }: TasksQueryInput) => {
    this.reads++;
    if (this.failing) throw new Error('away');
    const changed = [...this.tasks.values()]
      .filter((task) => task.revision > sinceRevision && task.taskId > after)
      .sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
    return { head: this.head, tasks: changed.slice(0, limit), more: changed.length > limit, live: true };
  };
}

class Reader {
  readonly events: StreamEvent[] = [];
  ended = false;
  send(events: readonly StreamEvent[]): void {
    this.events.push(...events);
  }
  end(): void {
    this.ended = true;
  }
  get seen(): string[] {
    return this.events.map(({ event, id, data }) =>
      event === 'task'
        ? `${id} ${(data as TaskRecord).taskId} ${(data as TaskRecord).state}`
        : `${id} run ${(data as RunHead).state}`,
    );
  }
}

const views = { run: (head: RunHead) => head, task: (task: TaskRecord) => task };
const until = async (met: () => boolean) => {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('the feed of a run', () => {
  it('tells what there is, then what changes, and ends after the final run event', async () => {
    const run = new ScriptedRun();
    run.set('b', 'running');
    const feed = new RunFeed(run.read, views, () => {});
    const reader = new Reader();
    feed.subscribe(reader, 0);
    await until(() => reader.events.length === 2);
    run.set('a', 'success');
    run.set('b', 'success');
    await until(() => reader.events.length === 5);
    run.end();
    await until(() => reader.ended);
    expect(reader.seen).toEqual([
      '1 b running',
      '1 run running',
      '2 a success',
      '3 b success',
      '3 run running',
      '4 run success',
    ]);
  });

  it('tells a reader who comes back only what it missed', async () => {
    const run = new ScriptedRun();
    run.set('a', 'success');
    run.set('b', 'success');
    run.end();
    const reader = new Reader();
    new RunFeed(run.read, views, () => {}).subscribe(reader, 1);
    await until(() => reader.ended);
    expect(reader.seen).toEqual(['2 b success', '3 run success']);
  });

  it('asks once for all its readers, each of whom gets everything exactly once', async () => {
    const run = new ScriptedRun();
    run.set('a', 'running');
    const feed = new RunFeed(run.read, views, () => {});
    const readers = [new Reader(), new Reader(), new Reader()];
    for (const reader of readers) feed.subscribe(reader, 0);
    await until(() => readers.every((reader) => reader.events.length === 2));
    expect(run.reads).toBe(1);
    const late = new Reader();
    feed.subscribe(late, 0);
    expect(late.seen).toEqual(['1 a running', '1 run running']);
    run.end();
    await until(() => [...readers, late].every((reader) => reader.ended));
    for (const reader of [...readers, late]) expect(reader.seen).toEqual(['1 a running', '1 run running', '2 run success']);
  });

  it('stays open while nobody answers, and goes on afterwards', async () => {
    const run = new ScriptedRun();
    run.failing = true;
    const reader = new Reader();
    new RunFeed(run.read, views, () => {}).subscribe(reader, 0);
    await until(() => run.reads >= 2);
    expect(reader.ended).toBe(false);
    run.failing = false;
    run.end();
    await until(() => reader.ended);
    expect(reader.seen).toEqual(['1 run success']);
  });

  it('stops asking when the last reader leaves', async () => {
    const run = new ScriptedRun();
    let empty = 0;
    const feed = new RunFeed(run.read, views, () => empty++);
    const reader = new Reader();
    const leave = feed.subscribe(reader, 0);
    await until(() => reader.events.length === 1);
    leave();
    const { reads } = run;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(run.reads - reads).toBeLessThanOrEqual(1);
    expect(empty).toBeGreaterThan(0);
  });

  it('ends all streams when the service stops', async () => {
    const run = new ScriptedRun();
    const feed = new RunFeed(run.read, views, () => {});
    const readers = [new Reader(), new Reader()];
    for (const reader of readers) feed.subscribe(reader, 0);
    await until(() => readers.every((reader) => reader.events.length === 1));
    feed.stop();
    expect(readers.map((reader) => reader.ended)).toEqual([true, true]);
  });

  it('reads many changes page by page', async () => {
    const run = new ScriptedRun();
    for (let i = 0; i < 2_500; i++) run.set(`t${String(i).padStart(5, '0')}`, 'success');
    run.end();
    const reader = new Reader();
    new RunFeed(run.read, views, () => {}).subscribe(reader, 0);
    await until(() => reader.ended);
    expect(reader.events).toHaveLength(2_501);
    expect(run.reads).toBe(3);
  });
});

describe('an event', () => {
  it('is text of one block', () => {
    expect(eventText({ event: 'task', id: 7, data: { text: 'a\nb' } })).toBe('event: task\nid: 7\ndata: {"text":"a\\nb"}\n\n');
    expect(eventText({ event: 'run', data: 1 })).toBe('event: run\ndata: 1\n\n');
  });
  it('id that is none of ours means: from the beginning', () => {
    expect(lastEventId('12')).toBe(12);
    for (const header of [undefined, '', 'x', '-1', '1.5', '9'.repeat(30)]) expect(lastEventId(header)).toBe(0);
  });
});
