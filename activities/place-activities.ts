import type { ObjectStore } from '../src/objects/object-store.js';
import type { PlaceActivities, PlacePort } from './place-calls.js';
import { storeJson } from './system-activities.js';

/** Their names, which no activity of a user may have. */
export const PLACE_ACTIVITY_NAMES = [
  'askPlace',
  'leavePlace',
  'parkPlace',
  'cancelRun',
  'storeReport',
  'tellPlaceWords',
  'lookAtHolders',
] as const satisfies readonly (keyof PlaceActivities)[];

/** What runs and pools need, on the runs' queue and on the system queue. */
export function createPlaceActivities(deps: { readonly objects: ObjectStore; readonly places: PlacePort }): PlaceActivities {
  const { objects, places } = deps;
  return {
    askPlace: (input) => places.ask(input),
    leavePlace: (input) => places.leave(input),
    parkPlace: (input) => places.park(input),
    cancelRun: async ({ runId, reason }) => {
      await places.cancel(runId, reason);
    },
    storeReport: async ({ key, value, leave }) => {
      await storeJson(objects, { key, value, replace: true });
      // The pool finds out by itself what it is not told: no run stays open for that.
      await places.leave(leave).catch(() => undefined);
    },
    tellPlaceWords: (words) => places.tell(words),
    lookAtHolders: (input) => places.look(input),
  };
}
