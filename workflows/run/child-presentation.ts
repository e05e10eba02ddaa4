import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import type { ChildWorkflowOptions } from '@temporalio/workflow';
import { markdownText } from '../../src/dag/markdown-text.js';
import type { ParentRun } from '../../src/dag/scope.js';
import { RUN_MEMO, type RunFacts, type RunMemo, SEARCH_ATTRIBUTES } from '../contract.js';
import { summaryOf } from './summary.js';

/** Temporal's limit of a fairness key, bytes. */
const FAIRNESS_KEY = 64;
/** Of the name of a task and its item in a summary, whose 400 bytes hold the DAG's name too. */
const NAME_CHARS = 80;

/** The facts of a child: its dates and tags are its parent's, its DAG may be its own. */
export function childFacts(
  parent: RunFacts,
  task: string,
  own: Pick<RunFacts, 'runId' | 'dagId' | 'version' | 'params' | 'acceptedAt'> & { readonly key: string },
): RunFacts {
  const { key, ...facts } = own;
  const { id, key: parentKey, dagId, root } = parent.scope;
  return {
    ...facts,
    execution: parent.execution,
    dated: parent.dated,
    tags: parent.tags,
    scope: {
      ...parent.scope,
      id: own.runId,
      key,
      dagId: own.dagId,
      trigger: 'dag',
      parent: { id, dagId, task },
      root: root ?? { id, key: parentKey, dagId },
    },
  };
}

/** How a child shows in the Web UI and in the visibility store: as a run does, and for which task, item and attempt it is. */
export function childOptions(
  run: RunFacts,
  { part, attempt }: { readonly part?: string; readonly attempt: number },
  priority = 3,
): Pick<ChildWorkflowOptions, 'memo' | 'typedSearchAttributes' | 'staticSummary' | 'staticDetails' | 'priority'> {
  const { params: _, ...memo } = run;
  const { parent, root } = run.scope;
  const { id, task } = parent as ParentRun;
  const name = part === undefined ? task : `${task}[${part}]`;
  const again = attempt === 1 ? '' : `, attempt ${attempt}`;
  return {
    memo: { [RUN_MEMO]: memo satisfies RunMemo },
    typedSearchAttributes: searchAttributes(run),
    staticSummary: `${summaryOf(name, NAME_CHARS)}${again} · ${run.dagId} v${run.version}`,
    staticDetails: [
      `- **DAG** ${markdownText(run.dagId)}, version ${run.version}`,
      `- **Task** ${markdownText(name)} of run ${markdownText(id)}${again}`,
      ...(root === undefined || root.id === id ? [] : [`- **Begun by** run ${markdownText(root.id)}`]),
      // The Web UI gives this text less height than it takes: a line of nothing keeps the last one readable.
      '\n\u00a0',
    ].join('\n'),
    priority: { priorityKey: priority, fairnessKey: run.dagId.slice(0, FAIRNESS_KEY) },
  };
}

function searchAttributes(run: RunFacts): SearchAttributePair[] {
  const { DagId, DagRunState, DagTrigger, DagLogicalDate, DagStartedAt, DagTags } = SEARCH_ATTRIBUTES;
  return [
    { key: defineSearchAttributeKey('DagId', DagId), value: run.dagId },
    { key: defineSearchAttributeKey('DagRunState', DagRunState), value: 'running' },
    { key: defineSearchAttributeKey('DagTrigger', DagTrigger), value: run.scope.trigger },
    { key: defineSearchAttributeKey('DagLogicalDate', DagLogicalDate), value: new Date(run.scope.logicalDate) },
    { key: defineSearchAttributeKey('DagStartedAt', DagStartedAt), value: new Date(run.acceptedAt) },
    ...(run.tags?.length
      ? [{ key: defineSearchAttributeKey('DagTags', DagTags), value: [...run.tags] } satisfies SearchAttributePair]
      : []),
  ];
}
