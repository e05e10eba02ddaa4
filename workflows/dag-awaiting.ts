/** Who waits for runs of a DAG to begin, as pure functions: kept by the DAG's entity. */
import type { AwaitRun, RunBegan } from './contract.js';

/** More are not kept: who is forgotten looks by itself, some minutes later. */
const MAX_AWAITING = 2_000;

/** With one more, who stands there once; those whose time is over are left out. */
export function withAwaiting(list: readonly AwaitRun[], added: AwaitRun, now: number): readonly AwaitRun[] {
  const { workflowId, token } = added.waiter;
  const others = list.filter(
    ({ waiter, until }) => until > now && !(waiter.workflowId === workflowId && waiter.token === token),
  );
  return [...others, added].slice(-MAX_AWAITING);
}

/** Who is to be told of a run that has begun, and who waits on. */
export function toldOf(
  list: readonly AwaitRun[],
  { date }: RunBegan,
  now: number,
): { readonly told: readonly AwaitRun[]; readonly left: readonly AwaitRun[] } {
  const told: AwaitRun[] = [];
  const left: AwaitRun[] = [];
  for (const each of list) {
    const { dates, until } = each;
    if (until <= now) continue;
    const matters = dates === undefined || (date !== undefined && dates.from <= date && date <= dates.to);
    (matters ? told : left).push(each);
  }
  return { told, left };
}
