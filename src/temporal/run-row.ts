import type { WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import {
  DAG_RUN,
  RUN_MEMO,
  type RunFacts,
  type RunMemo,
  SCHEDULED_BY_ATTRIBUTE,
  SCHEDULED_TIME_ATTRIBUTE,
  type ScheduledStart,
  SEARCH_ATTRIBUTES,
  WAITING_FOR_APPROVAL,
} from '../../workflows/contract.js';
import { RUN_STATES, type RunState } from '../dag/state.js';
import { runMemo } from './run-presentation.js';

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
  /** Only where the run itself cannot tell them yet: of one that a Schedule has started, its defaults. */
  readonly params?: RunFacts['params'];
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

/** Those of what a Schedule starts, until the run itself knows more. */
export function scheduledSearchAttributes(dagId: string): SearchAttributePair[] {
  return [
    { key: KEYS.DagId, value: dagId },
    { key: KEYS.DagRunState, value: 'queued' },
    { key: KEYS.DagTrigger, value: 'schedule' },
  ];
}

/** What is read of a workflow to tell what run it is. */
export type RunInfo = Pick<
  WorkflowExecutionInfo,
  'type' | 'workflowId' | 'memo' | 'status' | 'typedSearchAttributes' | 'startTime' | 'closeTime'
>;

/** The row of a workflow, by what it says of itself or by `facts`; `undefined` when it is no run of ours, or not known as one yet. */
export function runRow(info: RunInfo, facts?: RunFacts): RunRow | undefined {
  const run = (info.memo?.[RUN_MEMO] as RunMemo | undefined) ?? (facts && runMemo(facts));
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
    ...(facts === undefined ? {} : { params: facts.params }),
    ...(info.closeTime ? { endedAt: info.closeTime.getTime() } : {}),
    ...(failedTasks?.length ? { failedTasks } : {}),
  };
}

/** Temporal's word on how a workflow closed wins over the attribute, which a terminated run could not update (R23). */
export function runState(status: WorkflowExecutionInfo['status']['name'], attribute: string | undefined): RunState {
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

const SCHEDULED_BY = defineSearchAttributeKey(SCHEDULED_BY_ATTRIBUTE, 'KEYWORD');
const SCHEDULED_TIME = defineSearchAttributeKey(SCHEDULED_TIME_ATTRIBUTE, 'DATETIME');

/**
 * What a workflow asks that a Schedule has started and no worker has looked at; `undefined` for all others, those that came to
 * nothing included.
 */
export function unresolvedStart(info: RunInfo): ScheduledStart | undefined {
  const dagId = /^dag:(.*)$/.exec(info.typedSearchAttributes.get(SCHEDULED_BY) ?? '')?.[1];
  const nominal = info.typedSearchAttributes.get(SCHEDULED_TIME);
  if (info.type !== DAG_RUN || info.memo?.[RUN_MEMO] !== undefined || dagId === undefined || nominal === undefined)
    return undefined;
  if (info.status.name === 'COMPLETED') return undefined;
  return { dagId, runId: info.workflowId, nominal: nominal.getTime(), firedAt: info.startTime.getTime() };
}
