import {
  attemptsSubDagsAsTold,
  keepsWhatSucceeded,
  letsCleanUpFinish,
  outlivesItsChildren,
  passesACancelOn,
  setsUpAgain,
} from './children.js';
import {
  cancelsLosers,
  failsFast,
  neverCancelsCleanUp,
  stopsInGoodOrder,
  tearsDownWhatWasSetUp,
  usesNothingTornDown,
} from './cleaning-up.js';
import {
  endsAsItsLeavesSay,
  endsEveryTask,
  endsForAReason,
  runsHooksAtTheEnd,
  runsHooksOfTasks,
  skipsWhatBranchesLeaveOut,
} from './ending.js';
import { completesMaps, givesUpAsTold, startsItemsInOrder } from './maps.js';
import type { Observed, ObservedRun } from './observed-run.js';
import {
  decidesAtOnce,
  keepsToMaxActiveTasks,
  leavesNoPlaceFree,
  runsEachTaskOnce,
  servesInOrder,
  startsOnlyWhenAllowed,
} from './starting.js';

/** What holds for every run of every simulation, each said by the comment of its function; it throws where it does not hold. */
export const RUN_PROPERTIES: readonly ((run: ObservedRun, all: Observed) => void)[] = [
  startsOnlyWhenAllowed,
  decidesAtOnce,
  runsEachTaskOnce,
  keepsToMaxActiveTasks,
  leavesNoPlaceFree,
  servesInOrder,
  endsEveryTask,
  endsForAReason,
  endsAsItsLeavesSay,
  skipsWhatBranchesLeaveOut,
  runsHooksAtTheEnd,
  runsHooksOfTasks,
  tearsDownWhatWasSetUp,
  neverCancelsCleanUp,
  usesNothingTornDown,
  stopsInGoodOrder,
  failsFast,
  cancelsLosers,
  startsItemsInOrder,
  completesMaps,
  givesUpAsTold,
  outlivesItsChildren,
  passesACancelOn,
  letsCleanUpFinish,
  attemptsSubDagsAsTold,
  keepsWhatSucceeded,
  setsUpAgain,
];

/** Throws where a property does not hold for one of the runs. */
export function expectAll(all: Observed): void {
  for (const property of RUN_PROPERTIES) for (const run of all.runs) property(run, all);
}
