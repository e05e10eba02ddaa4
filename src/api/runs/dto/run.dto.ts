import { ApiProperty } from '@nestjs/swagger';
import type { JsonObject } from '../../../dag/json.js';
import { RUN_STATES, type RunState, TASK_STATES } from '../../../dag/state.js';
import { DeadlineViewDto } from './deadline.dto.js';
import { FailureDto } from './failure.dto.js';
import { HookRunDto } from './hook-run.dto.js';

const ANY_JSON = { description: 'Any JSON value', nullable: true } as const;

/** The stretch of data that a run is about: from `start`, to `end` exclusive. */
export class DataIntervalDto {
  @ApiProperty({ format: 'date-time' })
  readonly start!: string;
  @ApiProperty({ format: 'date-time' })
  readonly end!: string;
}

/** Addresses that belong to a run. */
export class RunLinksDto {
  @ApiProperty()
  readonly self!: string;
  @ApiProperty()
  readonly tasks!: string;
  @ApiProperty()
  readonly events!: string;
  @ApiProperty()
  readonly dag!: string;
  @ApiProperty({ required: false, description: "The run in Temporal's Web UI" })
  readonly temporal?: string;
}

/** The run that a SubDAG belongs to in the end. */
export class RootRunDto {
  @ApiProperty()
  readonly runId!: string;
  @ApiProperty()
  readonly href!: string;
}

/** The run whose task a SubDAG carries out. */
export class ParentRunDto extends RootRunDto {
  @ApiProperty()
  readonly taskId!: string;
}

/** A run of a DAG. */
export class RunDto {
  @ApiProperty()
  readonly runId!: string;
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty({ description: 'Version of the DAG that it runs' })
  readonly version!: number;
  @ApiProperty({ description: 'How often this run was begun, from 1' })
  readonly execution!: number;
  @ApiProperty({ enum: RUN_STATES })
  readonly state!: RunState;
  @ApiProperty({ enum: ['manual', 'schedule', 'backfill', 'event', 'trigger', 'dag'] })
  readonly trigger!: string;
  @ApiProperty({ description: 'Tied to a date: there is one run per date' })
  readonly dated!: boolean;
  @ApiProperty({ format: 'date-time' })
  readonly logicalDate!: string;
  @ApiProperty({ type: DataIntervalDto })
  readonly dataInterval!: DataIntervalDto;
  @ApiProperty({ required: false, type: ParentRunDto, description: 'Of the run of a SubDAG: whose task it carries out' })
  readonly parent?: ParentRunDto;
  @ApiProperty({ required: false, type: RootRunDto, description: 'Of the run of a SubDAG: the run it belongs to in the end' })
  readonly root?: RootRunDto;
  @ApiProperty({
    selfRequired: false,
    type: 'object',
    additionalProperties: true,
    description: 'Absent in lists and when `live` is false',
  })
  readonly params?: JsonObject;
  @ApiProperty({ required: false })
  readonly note?: string;
  @ApiProperty({ required: false, description: 'The backfill that started this execution' })
  readonly backfillId?: string;
  @ApiProperty({ required: false, type: ParentRunDto, description: 'The task of type trigger that started it' })
  readonly triggeredBy?: ParentRunDto;
  @ApiProperty({
    required: false,
    type: [String],
    description:
      'It is partial: for these tasks and what they need; the others are skipped, `skipReason: not_selected`. Lists name the first few, and `…` for the rest',
  })
  readonly onlyTasks?: readonly string[];
  @ApiProperty({ format: 'date-time' })
  readonly acceptedAt!: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly startedAt?: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly endedAt?: string;
  @ApiProperty({
    selfRequired: false,
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: `Tasks by state: ${TASK_STATES.join(', ')}`,
  })
  readonly counts?: { readonly [state: string]: number | undefined };
  @ApiProperty({ required: false, type: FailureDto })
  readonly failure?: FailureDto;
  @ApiProperty({ required: false, description: 'What a run that has not begun waits for' })
  readonly notice?: string;
  @ApiProperty({ required: false, enum: ['approval'], description: 'A task of it asks somebody to approve or reject' })
  readonly waitingFor?: 'approval';
  @ApiProperty({ required: false, type: [String] })
  readonly failedTasks?: readonly string[];
  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: ANY_JSON, description: "The DAG's outputs" })
  readonly outputs?: JsonObject;
  @ApiProperty({ required: false, type: [HookRunDto], description: 'Hooks that have begun; a failed one changes nothing' })
  readonly hooks?: readonly HookRunDto[];
  @ApiProperty({ required: false, type: [DeadlineViewDto], description: 'When it, and its tasks, are to be done' })
  readonly deadlines?: readonly DeadlineViewDto[];
  @ApiProperty({ required: false, description: 'false: no worker answered, this is what Temporal remembers of the run' })
  readonly live?: boolean;
  @ApiProperty({ required: false, description: 'Grows with every change' })
  readonly revision?: number;
  @ApiProperty({ type: RunLinksDto })
  readonly links!: RunLinksDto;
}

/** A page of runs. */
export class RunListDto {
  @ApiProperty({ type: [RunDto] })
  readonly items!: readonly RunDto[];
  @ApiProperty({ required: false })
  readonly nextCursor?: string;
}

/** A run that was accepted. */
export class StartedRunDto {
  @ApiProperty()
  readonly runId!: string;
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty()
  readonly version!: number;
  @ApiProperty({ enum: RUN_STATES })
  readonly state!: RunState;
  @ApiProperty({ format: 'date-time' })
  readonly logicalDate!: string;
  @ApiProperty()
  readonly dated!: boolean;
  @ApiProperty({ type: RunLinksDto })
  readonly links!: RunLinksDto;
}

/** One execution of a run: the first, or a later retry of it. */
export class ExecutionDto {
  @ApiProperty()
  readonly execution!: number;
  @ApiProperty({ enum: RUN_STATES })
  readonly state!: RunState;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly startedAt?: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly endedAt?: string;
  @ApiProperty({ required: false, type: FailureDto })
  readonly failure?: FailureDto;
}

/** All executions of a run, newest first. */
export class ExecutionListDto {
  @ApiProperty({ type: [ExecutionDto] })
  readonly items!: readonly ExecutionDto[];
}

/** A request to cancel that was passed on. */
export class CancelledDto {
  @ApiProperty()
  readonly runId!: string;
  @ApiProperty({ enum: ['requested'] })
  readonly cancel!: 'requested';
  @ApiProperty({ type: RunLinksDto })
  readonly links!: RunLinksDto;
}
