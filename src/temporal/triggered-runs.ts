import type { Triggered, TriggeredBy, TriggerInput } from '../../workflows/contract.js';
import { runKeyOf } from '../dag/child-id.js';
import { givenParams } from '../dag/given-params.js';
import type { JsonObject } from '../dag/json.js';
import type { Failure } from '../dag/state.js';
import { MAX_TRIGGER_DEPTH } from '../dag/trigger-plan.js';
import { datesOfRun, NotScheduledError } from '../time/dates-of-run.js';
import { formatInstant, InstantError, parseInstant } from '../time/instant.js';
import { BlobGoneError } from './blob-gone-error.js';
import type { DagGateway } from './dag-gateway.js';
import type { RunGateway } from './run-gateway.js';
import type { RunInputs } from './run-inputs.js';
import { SubDagUnavailableError } from './sub-dag-search.js';
import { timeScheduleOf } from './time-schedule.js';
import type { VersionStore } from './version-store.js';

/** What starting a run needs. */
export interface TriggerGateways {
  readonly runs: RunGateway;
  readonly dags: DagGateway;
  readonly versions: VersionStore;
  readonly inputs: RunInputs;
}

/** What is wrong with a trigger for good. */
class Refusal extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/**
 * Starts the run that a task asks for, as a start over REST does: another run of the DAG, with its own place. Done twice it starts one
 * run. @throws TemporalUnavailableError
 */
export async function triggerRun(gateways: TriggerGateways, input: TriggerInput): Promise<Triggered> {
  try {
    return await trigger(gateways, input);
  } catch (error) {
    if (error instanceof Refusal) return { failure: error.failure };
    if (error instanceof BlobGoneError) return { failure: { kind: 'blob_missing', message: error.message } };
    if (error instanceof SubDagUnavailableError) return { failure: { kind: 'dag_missing', message: error.message } };
    throw error;
  }
}

async function trigger(
  { runs, dags, versions, inputs }: TriggerGateways,
  { dagId, version, key, by, useExisting, ...given }: TriggerInput,
): Promise<Triggered> {
  if (by.depth > MAX_TRIGGER_DEPTH)
    refuse(
      'upstream_run',
      `${MAX_TRIGGER_DEPTH} triggers in a row have started one another, up to task ${by.taskId} of run ${by.runId}: taken for a circle`,
    );
  const head = await dags.head(dagId);
  if (head === undefined || head.deleted) return refuse('dag_missing', `there is no DAG ${dagId}`);
  const header =
    version === undefined || version === head.latest.version
      ? head.latest
      : (await dags.versions(dagId, head)).find((each) => each.version === version);
  if (header === undefined) return refuse('dag_missing', `the DAG ${dagId} has no version ${version}`);
  const acceptedAt = Date.now();
  const logicalDate = given.logicalDate === undefined ? undefined : instantOf(given.logicalDate);
  const runId = logicalDate === undefined ? `${dagId}@${key}` : `${dagId}-${formatInstant(logicalDate)}`;
  const runKey = runKeyOf(runId);
  const existing = async (): Promise<Triggered | undefined> => {
    const standing = await runs.standing(runId);
    if (standing === undefined) return undefined;
    const { triggeredBy } = standing.run;
    if (isSame(triggeredBy, by)) return { runId, started: true };
    if (useExisting) return { runId, started: false };
    return refuse('upstream_run', `the run ${runId} exists already, and \`onExisting\` is fail`);
  };
  const found = await existing();
  if (found !== undefined) return found;
  const { spec } = await versions.spec(header);
  const started = await runs.start(
    await inputs.of({
      ...{ dagId, tags: head.tags, awaited: head.awaited, header, spec, runId, runKey },
      dates: datesIn(spec, logicalDate, acceptedAt),
      params: paramsIn(dagId, spec.params ?? {}, given.params),
      trigger: 'trigger',
      acceptedAt,
      triggeredBy: by,
    }),
  );
  if (started.started) return { runId, started: true };
  // Somebody was faster, this very request perhaps.
  return (await existing()) ?? refuse('upstream_run', `the run ${runId} could not be started: Temporal knows its id`);
}

/** Epoch ms of an instant to the second. */
function instantOf(value: unknown): number {
  try {
    if (typeof value === 'string') return parseInstant(value);
  } catch (error) {
    if (!(error instanceof InstantError)) throw error;
  }
  return refuse(
    'expression',
    `logicalDate: ${JSON.stringify(value).slice(0, 100)} is no instant to the second; write one as 2024-01-31T06:00:00Z`,
  );
}

function datesIn(spec: Parameters<typeof timeScheduleOf>[0], logicalDate: number | undefined, now: number) {
  try {
    return datesOfRun({ schedule: timeScheduleOf(spec), timezone: spec.timezone, logicalDate, now });
  } catch (error) {
    if (error instanceof NotScheduledError) return refuse('upstream_run', error.message);
    throw error;
  }
}

function paramsIn(dagId: string, schemas: { readonly [name: string]: JsonObject }, given: unknown = {}): JsonObject {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return refuse('invalid_params', `params of ${dagId} are a map, not ${JSON.stringify(given).slice(0, 100)}`);
  const { params, faults } = givenParams(schemas, given as JsonObject);
  if (faults.length > 0)
    refuse(
      'invalid_params',
      `${dagId} was given params that do not fit: ${faults
        .slice(0, 5)
        .map(({ detail }) => detail)
        .join('; ')}`,
    );
  return params;
}

function isSame(one: TriggeredBy | undefined, other: TriggeredBy): boolean {
  return one?.runId === other.runId && one.taskId === other.taskId;
}

function refuse(kind: Failure['kind'], message: string): never {
  throw new Refusal({ kind, message });
}
