import type { Json } from '../../../src/dag/json.js';
import type { Dice } from './dice.js';
import type { Fields } from './random-spec.js';

/** What makes a task a map: over lists that are written out or come from a task before it, with any limit. */
export function randomMap(dice: Dice, before: readonly string[], races: boolean): Fields {
  return { ...sources(dice, before), ...limits(dice, races) };
}

function sources(dice: Dice, before: readonly string[]): Fields {
  if (before.length > 0 && dice.chance(35)) {
    const what = dice.chance(80) ? 'output' : 'items';
    return { expand: { each: `\${{ tasks.${dice.pick(before)}.${what} }}` } };
  }
  const list = (): Json => Array.from({ length: dice.int(5) }, (_, i) => i);
  if (dice.chance(60)) return { expand: { each: list() } };
  if (dice.chance(60)) return { expand: { x: list(), y: dice.chance(30) ? { k: 1, l: 2 } : list() } };
  return { zip: { x: list(), y: list() }, zipFill: null };
}

function limits(dice: Dice, races: boolean): Fields {
  return {
    ...(dice.chance(50) ? { maxConcurrency: dice.chance(90) ? 1 + dice.int(3) : `\${{ params.few }}` } : {}),
    ...(dice.chance(25) ? { toleratedFailureCount: dice.int(3) } : {}),
    ...(dice.chance(25) ? { toleratedFailurePercentage: dice.pick([0, 10, 34, 50, 100]) } : {}),
    ...(races && dice.chance(30) ? { stopOnFirstFailure: true } : {}),
    ...(dice.chance(15) ? { itemBatchSize: 1 + dice.int(3) } : {}),
  };
}
