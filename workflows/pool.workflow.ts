/**
 * `pool`: a limited number of places, and who holds them. It grants them in order, and gives a place on only when its holder is
 * known to be closed, or parks: at once where that says that it leaves, within two looks where it was ended from outside.
 */
import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { LookAtHolders, PlaceActivities, ToldWords } from '../activities/place-calls.js';
import { markdownText } from '../src/dag/markdown-text.js';
import type { PlaceHolder, PlaceWord, PoolLimit } from '../src/dag/pool/place.js';
import { Places } from '../src/dag/pool/places.js';
import { beginAnew } from './begin-anew.js';
import {
  ASK_PLACES,
  type AskPlaces,
  type AskPlacesResult,
  LEAVE_PLACES,
  type LeavePlaces,
  PARK_PLACES,
  type ParkPlaces,
  POOL_QUERY,
  type PoolInput,
  type PoolQueryInput,
  type PoolQueryResult,
  RESIZE_POOL,
} from './contract.js';

const askUpdate = defineUpdate<AskPlacesResult, [AskPlaces]>(ASK_PLACES);
const askSignal = defineSignal<[AskPlaces]>(ASK_PLACES);
const leaveSignal = defineSignal<[LeavePlaces]>(LEAVE_PLACES);
const parkSignal = defineSignal<[ParkPlaces]>(PARK_PLACES);
const resizeSignal = defineSignal<[PoolLimit]>(RESIZE_POOL);
const viewQuery = defineQuery<PoolQueryResult, [PoolQueryInput]>(POOL_QUERY);

/** Well within the 30 s in which the place of one that was ended from outside goes on, on a busy machine too. */
const WATCH_MS = 10_000;
const IDLE_MS = 600_000;
/** What did not get through, or a holder that says it leaves and does not, is tried again after that. */
const AGAIN_MS = 1_000;
const CONTINUE_FROM_EVENTS = 4_096;
/** Words of one turn. */
const MAX_WORDS = 200;
/** Holders that the Web UI names. */
const MAX_SHOWN = 20;

/** One attempt is all it needs: what is left undone is done at the next turn. */
const ONCE = { startToCloseTimeout: '8 seconds', retry: { maximumAttempts: 1 } } as const;

// No local activity: it would tell of grants that are not in the history yet. A workflow task that is lost is done again with what came
// in meanwhile, somebody of a better priority may then get the place, and the one that was told would be one too many.
const { tellPlaceWords } = proxyActivities<PlaceActivities>({ ...ONCE, summary: 'tell who has a place' });

// What is closed remains closed, so that it does no harm to see it twice.
const { lookAtHolders } = proxyLocalActivities<PlaceActivities>({ ...ONCE, summary: 'look who is closed' });

/** A cancellation does not reach it: it would forget who holds a place. */
export async function pool(input: PoolInput): Promise<void> {
  return CancellationScope.nonCancellable(() => tend(input));
}

async function tend(input: PoolInput): Promise<void> {
  const { name, watchMs = WATCH_MS, idleMs = IDLE_MS, continueFromEvents = CONTINUE_FROM_EVENTS } = input;
  const places = new Places(input.state);
  setHandler(askUpdate, ({ requests, limit, share }) => places.ask(requests, limit, true, share), {
    description: 'Asks for places and says what became of it.',
  });
  setHandler(askSignal, ({ requests, limit, share }) => void places.ask(requests, limit, false, share));
  setHandler(leaveSignal, ({ holders }) => places.leave(holders));
  setHandler(parkSignal, ({ holders }) => places.park(holders));
  setHandler(resizeSignal, (limit) => places.resize(limit));
  setHandler(viewQuery, ({ of }) => places.view(of));
  // Made when somebody looks, not at every turn: the SDK turns it into JSON and does nothing else with it.
  setCurrentDetails({ toJSON: () => poolDetails(name, places) } as unknown as string);

  /** What has been done of `places.stirred`; a change of hands begins with all of it. */
  let done = -1;
  let due: 'watch' | 'again' | undefined;
  const armed = new Set<string>();
  /** At most one timer for each purpose, so that a busy pool does not set and cancel one at every turn. */
  const timer = (purpose: string, ms: number, summary: string, then: () => void): void => {
    if (armed.has(purpose)) return;
    armed.add(purpose);
    void sleep(ms, { summary }).then(() => {
      armed.delete(purpose);
      then();
    });
  };
  const mustContinue = (): boolean => {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return historyLength >= continueFromEvents || continueAsNewSuggested;
  };
  /** Those that are seen closed. One that was `leaving` when it was looked at and had never begun may have been asked for again since. */
  const closed = (holders: readonly PlaceHolder[], leaving: ReadonlySet<string>): void => {
    const leavingNow = keysOf(places.leaving());
    places.closed(holders.filter((holder) => !leaving.has(keyOf(holder)) || leavingNow.has(keyOf(holder))));
  };
  let usedAt = Date.now();
  let idle = false;

  for (;;) {
    if (places.isEmpty) {
      timer('idle', idleMs, 'end when nobody needs it', () => {
        idle = places.isEmpty && Date.now() - usedAt >= idleMs;
      });
    } else {
      usedAt = Date.now();
      timer('watch', watchMs, 'look after all holders', () => (due = 'watch'));
      const undone = places.words().length > 0 || places.leaving().length > 0;
      if (undone && due === undefined && places.stirred === done)
        timer('again', AGAIN_MS, 'try again what was left undone', () => (due ??= 'again'));
    }
    await condition(() => places.stirred > done || due !== undefined || idle || mustContinue());
    // Handlers never wait, so nothing is half done here; what is untold is told by the next execution.
    if (mustContinue()) return beginAnew<typeof pool>({ ...input, state: places.snapshot() });
    if (idle && places.isEmpty) return;
    idle = false;
    const watching = due === 'watch';
    due = undefined;
    done = places.stirred;
    const toLeave = keysOf(places.leaving());
    const { told, closed: gone } = await tell(places.words().slice(0, MAX_WORDS));
    places.told(told);
    closed(gone, toLeave);
    const leaving = places.leaving();
    const left = keysOf(leaving);
    const open = watching ? [...places.holders(), ...places.away()] : [];
    const over = await look({ leaving, holding: open.filter((holder) => !left.has(keyOf(holder))) });
    closed(over, left);
    // It came back as soon as one of them was closed; and there may be more words than one turn takes.
    if ((over.length > 0 && places.leaving().length > 0) || (told.length > 0 && places.words().length > 0)) due ??= 'again';
  }
}

const keyOf = ({ runId, execution }: PlaceHolder): string => `${runId}#${execution}`;
const keysOf = (holders: readonly PlaceHolder[]): ReadonlySet<string> => new Set(holders.map(keyOf));

/** Whatever goes wrong, the pool goes on: nothing was told. */
async function tell(words: readonly PlaceWord[]): Promise<ToldWords> {
  const nothing = { told: [], closed: [] };
  return words.length === 0 ? nothing : tellPlaceWords(words).catch(() => nothing);
}

/** Whatever goes wrong, the pool goes on: nobody is known to be closed. */
async function look(at: LookAtHolders): Promise<readonly PlaceHolder[]> {
  return at.leaving.length + at.holding.length === 0 ? [] : lookAtHolders(at).catch(() => []);
}

/** The pool in words, for the Web UI. */
function poolDetails(name: string, places: Places): string {
  const { capacity, used, active, queued, parked, holders, next, away } = places.view();
  const named = (all: readonly PlaceHolder[], count: number): string =>
    [
      ...all.slice(0, MAX_SHOWN).map(({ runId }) => `- ${markdownText(runId)}`),
      ...(count > MAX_SHOWN ? [`- and ${count - MAX_SHOWN} more`] : []),
    ].join('\n');
  return [
    [
      `- **Pool** ${markdownText(name)}`,
      `- **Places** ${used} of ${capacity} are taken, by ${active}`,
      `- **Waiting** ${queued}`,
      ...(parked === 0 ? [] : [`- **Parked** ${parked}`]),
    ].join('\n'),
    ...(active === 0 ? [] : ['**Who holds a place**', named(holders, active)]),
    ...(queued === 0 ? [] : ['**Who waits, the next first**', named(next, queued)]),
    ...(parked === 0 ? [] : ['**Who has no use for its place now, and left it to others**', named(away, parked)]),
    '\u00a0',
  ].join('\n\n');
}
