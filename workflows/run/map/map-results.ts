import { CancellationScope } from '@temporalio/workflow';
import type { CollectItemsInput } from '../../../activities/system-calls.js';
import type { Json } from '../../../src/dag/json.js';
import { type ItemRecord, itemResult } from '../../../src/dag/map/item-result.js';
import type { FinalItemState } from '../../../src/dag/map/map-walk.js';
import type { Failure } from '../../../src/dag/state.js';
import type { Allowance } from '../allowance.js';
import { system } from '../dispatch.js';
import type { TaskEnding } from '../task-ending.js';
import { messageOf } from '../task-failure.js';
import { MAX_NAMED } from './items-failed.js';

/** Of one item, in the failure of its map. */
const MAX_REASON = 200;

/** What the items of a map made of it. */
export interface MapOutcome {
  readonly state: FinalItemState;
  readonly failure: Failure | undefined;
}

/** The ending of a map whose results are few enough to be held in the run: up to `limit` characters of JSON. Undefined for others. */
export function inlineEnding(
  { state, failure }: MapOutcome,
  records: readonly ItemRecord[],
  limit: number,
): TaskEnding | undefined {
  if (records.some(({ output }) => output !== undefined && 'ref' in output)) return undefined;
  const items = records.map((record) => itemResult(record, inlineOutput(record)));
  if (JSON.stringify(items).length > limit) return undefined;
  const output = items.filter((item) => item.state === 'success').map((item) => item.output);
  return {
    state,
    failure,
    ...(state === 'success' ? { output: { value: output } } : {}),
    items: { value: items as unknown as Json },
  };
}

/**
 * The ending of a map: an activity makes one list of the outputs of its items, and another of all of them. What it is to collect,
 * `input` may have to store first. No cancellation reaches it; never rejects.
 */
export async function collectedEnding(
  { state, failure }: MapOutcome,
  allowance: Allowance,
  input: () => Promise<CollectItemsInput>,
): Promise<TaskEnding> {
  try {
    const collected = await CancellationScope.nonCancellable(async () => {
      const given = await input();
      const collect = () => system(`outputs of the items of ${given.task}`).collectItems(given);
      return allowance.begin(JSON.stringify(given).length, collect);
    });
    if ('error' in collected) return notCollected(collected.error);
    const { output, items } = collected;
    return { state, failure, ...(state === 'success' ? { output } : {}), items };
  } catch (error) {
    return notCollected(messageOf(error));
  }
}

/** The first failed items, with the reason, for the failure of their map. */
export function reasonsOf(records: readonly ItemRecord[]): string[] {
  const failed = records.filter(({ state }) => state === 'failed');
  return failed.slice(0, MAX_NAMED).map(({ key, failure }) => {
    const why = failure?.message.replace(/\s+/g, ' ').slice(0, MAX_REASON);
    return why === undefined ? key : `${key} (${why})`;
  });
}

function notCollected(message: string): TaskEnding {
  return { state: 'failed', failure: { kind: 'error', type: 'ItemsNotCollected', message } };
}

function inlineOutput({ output }: ItemRecord): Json {
  return output !== undefined && 'value' in output ? output.value : null;
}
