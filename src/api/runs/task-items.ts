import { Injectable } from '@nestjs/common';
import type { ItemsPart, ItemsQueryInput, ItemsQueryResult } from '../../../workflows/contract.js';
import { type ItemRecord, type ItemResult, itemResult } from '../../dag/map/item-result.js';
import type { OutputValue, TaskState } from '../../dag/state.js';
import { JsonBlobs } from '../../objects/json-blobs.js';
import { RunGateway } from '../../temporal/run-gateway.js';
import { BlobStore } from '../blob-store.js';
import { Problem } from '../errors/problem.js';
import { decodeCursor, encodeCursor, pageLimit } from '../request/page.js';
import { ApiSettings } from '../settings.js';
import type { ItemDto, ItemListDto } from './dto/item.dto.js';
import type { ListItemsQuery } from './dto/run-requests.dto.js';
import type { RunName } from './run-id.js';
import { RunsService } from './runs.service.js';

const NONE: ItemsQueryResult = { items: [], more: false };
/** Lists of items are read again and again, page by page. */
const CACHE_BYTES = 32 * 1024 * 1024;

/** The items of a map, over or under way, in order of index. */
@Injectable()
export class TaskItems {
  private readonly lists: JsonBlobs;

  constructor(
    private readonly runs: RunsService,
    private readonly gateway: RunGateway,
    private readonly settings: ApiSettings,
    blobs: BlobStore,
  ) {
    this.lists = new JsonBlobs(blobs.objects, CACHE_BYTES);
  }

  /** A page of items; a task that is no map has none. Throws 404 for the run, the task and a list that was lost. */
  async page(run: RunName, taskId: string, { state, limit: asked, cursor }: ListItemsQuery): Promise<ItemListDto> {
    const limit = pageLimit(asked, this.settings.limits.page);
    const after = cursor === undefined ? -1 : indexOf(decodeCursor(cursor));
    const { task } = await this.runs.task(run, taskId);
    if (task.items === undefined) {
      const page = task.map === undefined ? NONE : await this.underWay(run.runId, { taskId, state, after, limit });
      const items = page?.items.map((record) => itemView(record)) ?? [];
      return { items, ...next(items, page?.more ?? false), live: page !== undefined };
    }
    const list = await this.list(taskId, task.items);
    const matching = list.filter((item) => item.index > after && (state === undefined || item.state === state));
    const items = matching.slice(0, limit);
    return { items, ...next(items, matching.length > limit), live: true };
  }

  /** All items of a map that is over, one JSON object a line. Throws as {@link page}, and 404 while it is not over. */
  async lines(run: RunName, taskId: string, { state }: Pick<ListItemsQuery, 'state'>): Promise<Iterable<string>> {
    const { task } = await this.runs.task(run, taskId);
    if (task.items === undefined) {
      throw new Problem(
        'output_not_found',
        `The task ${taskId} has no list of items: it is no map, or not over. Pages of JSON show what is known of it now.`,
      );
    }
    return linesOf(await this.list(taskId, task.items), state);
  }

  /** Items that a run knows of, or, where it has cut the map into shards, those of the shards in order. */
  private async underWay(runId: string, input: ItemsQueryInput): Promise<ItemsQueryResult | undefined> {
    const page = await this.gateway.items(runId, input);
    if (page?.parts === undefined) return page;
    const { after = -1, limit, state } = input;
    const items: ItemRecord[] = [];
    for (const part of page.parts) {
      if (part.to <= after + 1) continue;
      const known = await this.ofPart(part, input);
      if (known === undefined) return undefined;
      items.push(...known.items.filter((item) => item.index > after && (state === undefined || item.state === state)));
      // What the shard has not told comes before all that the next ones have.
      if (known.more || items.length > limit) return { items: items.slice(0, limit), more: true };
    }
    return { items, more: false };
  }

  private async ofPart({ pages, runId: shard }: ItemsPart, input: ItemsQueryInput): Promise<ItemsQueryResult | undefined> {
    if (shard === undefined) return this.stored(pages ?? []);
    return this.gateway.items(shard, input);
  }

  /** Records that a shard has left. */
  private async stored(pages: readonly string[]): Promise<ItemsQueryResult> {
    const lists = await Promise.all(pages.map((key) => this.lists.read(key)));
    return { items: lists.flatMap((list) => (list ?? []) as unknown as readonly ItemRecord[]), more: false };
  }

  private async list(taskId: string, items: OutputValue): Promise<readonly ItemResult[]> {
    const list = 'value' in items ? items.value : await this.lists.read(items.ref);
    if (list !== undefined) return list as unknown as readonly ItemResult[];
    throw new Problem(
      'output_not_found',
      `The items of task ${taskId} are gone from the object store: they are older than the retention, or were removed.`,
    );
  }
}

function* linesOf(items: readonly ItemResult[], state: TaskState | undefined): Generator<string> {
  for (const item of items) if (state === undefined || item.state === state) yield `${JSON.stringify(item)}\n`;
}

/** An item under way; a large output is shown once the map is over. */
function itemView(record: ItemRecord): ItemDto {
  const { output } = record;
  return itemResult(record, output !== undefined && 'value' in output ? output.value : null);
}

function next(items: readonly ItemDto[], more: boolean): { readonly nextCursor?: string } {
  const last = items.at(-1);
  return more && last !== undefined ? { nextCursor: encodeCursor(String(last.index)) } : {};
}

function indexOf(position: string): number {
  if (/^\d{1,9}$/.test(position)) return Number(position);
  throw new Problem('invalid_cursor', 'The cursor is not one that this list gave; leave it out to begin again.', {
    errors: [{ parameter: 'cursor', detail: 'not a cursor of this list' }],
  });
}
