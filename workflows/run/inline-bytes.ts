import type { OutputValue } from '../../src/dag/state.js';

/** How much of an output a run holds itself, in characters of JSON; 0 where it is stored (R15). */
export function inlineBytesOf(output: OutputValue | undefined): number {
  return output !== undefined && 'value' in output ? JSON.stringify(output.value).length : 0;
}
