import type { ApproveInput, TaskRecord } from '../../../workflows/contract.js';
import { canonicalJson } from '../../dag/canonical-json.js';
import type { Json, JsonObject } from '../../dag/json.js';
import { sha256 } from '../../objects/sha256.js';
import { Problem } from '../errors/problem.js';

/**
 * Who decides: with something in front that authenticates, its word (`user`) alone; without it only this machine asks, and says
 * who it is (`by`). Throws 400 for a `by` that would go past the authentication.
 */
export function deciderOf(by: string | undefined, user: string | undefined, authenticated: boolean): string | undefined {
  if (!authenticated) return by;
  if (by === undefined) return user === undefined || user === '' ? undefined : user.slice(0, 256);
  const detail = 'who decides is told by what authenticates the request (X-Forwarded-User); leave it out';
  throw new Problem('invalid_fields', `by: ${detail}.`, { errors: [{ pointer: '/by', detail }] });
}

/** Id of the update: the same decision again is the same one, in the same round of asking. */
export function updateIdOf(input: ApproveInput, round: number): string {
  const said = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as JsonObject;
  return sha256(canonicalJson({ ...said, round })).slice(0, 40);
}

/** Whether the task is as it is by this very decision: its answer was lost, and it is asked for again (R29). */
export function isRepetition({ output, failure }: Pick<TaskRecord, 'output' | 'failure'>, input: ApproveInput): boolean {
  const kept = (output !== undefined && 'value' in output ? output.value : failure?.details) as
    | Partial<ApproveInput>
    | undefined;
  if (typeof kept !== 'object' || kept === null || kept.decision !== input.decision) return false;
  return (
    (kept.by ?? undefined) === input.by &&
    (kept.comment ?? undefined) === input.comment &&
    Object.entries(input.inputs ?? {}).every(
      ([name, value]) => canonicalJson((kept.inputs?.[name] ?? null) as Json) === canonicalJson(value as Json),
    )
  );
}
