import type { WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import {
  DAG_RUN,
  RUN_MEMO,
  type RunFacts,
  type RunMemo,
  SEARCH_ATTRIBUTES,
  WAITING_FOR_APPROVAL,
} from '../../workflows/contract.js';
import { RUN_STATES, type RunState } from '../dag/state.js';

/** A run as lists show it: from Temporal's visibility store alone. */
export interface RunRow {
  readonly run: RunMemo;
  readonly state: RunState;
  /** When it was accepted, epoch ms: what lists are sorted by. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly failedTasks?: readonly string[];
  /** `approval`: somebody is asked to decide. */
  readonly waitingFor?: 'approval';
}

const KEYS = {
  DagId: defineSearchAttributeKey('DagId', SEARCH_ATTRIBUTES.DagId),
  DagRunState: defineSearchAttributeKey('DagRunState', SEARCH_ATTRIBUTES.DagRunState),
  DagTrigger: defineSearchAttributeKey('DagTrigger', SEARCH_ATTRIBUTES.DagTrigger),
  DagLogicalDate: defineSearchAttributeKey('DagLogicalDate', SEARCH_ATTRIBUTES.DagLogicalDate),
  DagStartedAt: defineSearchAttributeKey('DagStartedAt', SEARCH_ATTRIBUTES.DagStartedAt),
  DagTags: defineSearchAttributeKey('DagTags', SEARCH_ATTRIBUTES.DagTags),
  DagFailedTasks: defineSearchAttributeKey('DagFailedTasks', SEARCH_ATTRIBUTES.DagFailedTasks),
} as const;

/** The search attributes that a run starts with; `DagStartedAt` never changes, so that lists can be sorted by it (R30). */
export function runSearchAttributes(run: RunFacts): SearchAttributePair[] {
  return [
    { key: KEYS.DagId, value: run.dagId },
    { key: KEYS.DagRunState, value: 'running' },
    { key: KEYS.DagTrigger, value: run.scope.trigger },
    { key: KEYS.DagLogicalDate, value: new Date(run.scope.logicalDate) },
    { key: KEYS.DagStartedAt, value: new Date(run.acceptedAt) },
    ...(run.tags?.length ? [{ key: KEYS.DagTags, value: [...run.tags] } satisfies SearchAttributePair] : []),
  ];
}

/** The row of a workflow; `undefined` when it is no run of ours. */
export function runRow(
  info: Pick<WorkflowExecutionInfo, 'type' | 'memo' | 'status' | 'typedSearchAttributes' | 'closeTime'>,
): RunRow | undefined {
  const run = info.memo?.[RUN_MEMO] as RunMemo | undefined;
  if (info.type !== DAG_RUN || run === undefined) return undefined;
  const attributes = info.typedSearchAttributes;
  const failedTasks = attributes.get(KEYS.DagFailedTasks);
  const attribute = attributes.get(KEYS.DagRunState);
  const state = runState(info.status.name, attribute);
  return {
    run,
    state,
    ...(state === 'running' && attribute === WAITING_FOR_APPROVAL ? { waitingFor: 'approval' } : {}),
    startedAt: run.acceptedAt,
    ...(info.closeTime ? { endedAt: info.closeTime.getTime() } : {}),
    ...(failedTasks?.length ? { failedTasks } : {}),
  };
}

/** Temporal's word on how a workflow closed wins over the attribute, which a terminated run could not update (R23). */
function runState(status: WorkflowExecutionInfo['status']['name'], attribute: string | undefined): RunState {
  switch (status) {
    case 'COMPLETED':
      return 'success';
    case 'CANCELLED':
      return 'cancelled';
    case 'FAILED':
    case 'TERMINATED':
    case 'TIMED_OUT':
      return 'failed';
    default:
      return RUN_STATES.find((state) => state === attribute) ?? 'running';
  }
}
