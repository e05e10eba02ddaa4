import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { RunGateway } from '../../temporal/run-gateway.js';
import { ApiSettings } from '../settings.js';
import { RunFeed, type Subscriber } from './run-feed.js';
import { runView } from './run-view.js';
import { taskView } from './task-view.js';

/** The feeds of all runs that somebody follows: one per run. */
@Injectable()
export class RunFeeds implements OnModuleDestroy {
  private readonly feeds = new Map<string, RunFeed>();

  constructor(
    private readonly runs: RunGateway,
    private readonly settings: ApiSettings,
  ) {}

  /** Follows a run from revision `since` on; the returned function ends it. */
  subscribe(runId: string, subscriber: Subscriber, since: number): () => void {
    let feed = this.feeds.get(runId);
    if (!feed) {
      feed = this.create(runId);
      this.feeds.set(runId, feed);
    }
    return feed.subscribe(subscriber, since);
  }

  onModuleDestroy(): void {
    for (const feed of this.feeds.values()) feed.stop();
  }

  private create(runId: string): RunFeed {
    const views = {
      run: (head: Parameters<typeof runView>[0], live: boolean) => runView(head, this.settings, { live }),
      task: (record: Parameters<typeof taskView>[1]) => taskView(runId, record),
    };
    const feed: RunFeed = new RunFeed(
      (input) => this.runs.tasks(runId, input),
      views,
      () => {
        if (this.feeds.get(runId) === feed) this.feeds.delete(runId);
      },
    );
    return feed;
  }
}
