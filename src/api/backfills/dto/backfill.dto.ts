import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  BACKFILL_ORDERS,
  BACKFILL_STATES,
  type BackfillOrder,
  type BackfillState,
  IN_REASONS,
  type InReason,
  OUT_REASONS,
  type OutReason,
  REPROCESS,
  type Reprocess,
} from '../../../dag/backfill/backfill.js';
import { DataIntervalDto } from '../../runs/dto/run.dto.js';

/** Addresses that belong to a backfill. */
export class BackfillLinksDto {
  @ApiProperty()
  readonly self!: string;
  @ApiProperty()
  readonly dag!: string;
  @ApiProperty({ description: 'Runs that backfills of the DAG have started' })
  readonly runs!: string;
  @ApiPropertyOptional({ description: "The backfill in Temporal's Web UI" })
  readonly temporal?: string;
}

/** The validation of a chunk that was begun last. */
export class BackfillValidationDto {
  @ApiProperty({ description: 'From 1; without chunks the only one' })
  readonly chunk!: number;
  @ApiProperty({
    enum: ['waiting', 'running', 'success', 'failed', 'cancelled'],
    description: '`waiting`: for a place of its DAG',
  })
  readonly state!: 'waiting' | 'running' | 'success' | 'failed' | 'cancelled';
  @ApiProperty({ format: 'date-time', description: 'Beginning of the data of the chunk' })
  readonly from!: string;
  @ApiProperty({ format: 'date-time', description: 'End of the data of the chunk, exclusive' })
  readonly to!: string;
  @ApiProperty({ description: 'Of the run that validates; there is none while it waits, or where it could not begin' })
  readonly runId!: string;
  @ApiProperty({ description: 'Address of that run' })
  readonly href!: string;
}

/** How far a backfill is. */
export class BackfillProgressDto {
  @ApiProperty({ description: 'Intervals of the whole selection' })
  readonly total!: number;
  @ApiProperty({ description: 'Runs that are over, whatever came of them' })
  readonly done!: number;
  @ApiProperty()
  readonly success!: number;
  @ApiProperty()
  readonly failed!: number;
  @ApiProperty()
  readonly cancelled!: number;
  @ApiProperty()
  readonly running!: number;
  @ApiProperty({ description: 'Not begun; some of these may still prove to be out' })
  readonly left!: number;
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: `Intervals that are not run, by why: ${OUT_REASONS.join(', ')}`,
  })
  readonly out!: { readonly [reason in OutReason]?: number };
  @ApiProperty({ description: 'Runs that may be at work at the same time now: fewer while many fail' })
  readonly pace!: number;
  @ApiPropertyOptional({ format: 'date-time', description: 'Judged by how long it took so far' })
  readonly estimatedEndAt?: string;
  @ApiProperty({ format: 'date-time' })
  readonly updatedAt!: string;
}

/** What a backfill brings with it. */
export class DownstreamBackfillDto {
  @ApiProperty({ description: 'DAGs that are still to be backfilled after this one, in a chain of backfills' })
  readonly dags!: number;
  @ApiProperty({ description: 'The next of them' })
  readonly dagId!: string;
  @ApiProperty({
    description: 'The backfill of that DAG; it is there once this one has succeeded, and starts the one after it',
  })
  readonly backfillId!: string;
  @ApiProperty()
  readonly href!: string;
}

/** A DAG that would be backfilled too. */
export class DownstreamPlanDto {
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty({ description: 'Intervals' })
  readonly total!: number;
}

/** A backfill. */
export class BackfillDto {
  @ApiProperty()
  readonly id!: string;
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty({ description: 'Of the DAG: what every run goes by' })
  readonly version!: number;
  @ApiProperty({ enum: BACKFILL_STATES })
  readonly state!: BackfillState;
  @ApiPropertyOptional({ description: 'Why it stopped by itself' })
  readonly reason?: string;
  @ApiProperty({ format: 'date-time', description: 'Intervals that begin here or later' })
  readonly from!: string;
  @ApiProperty({ format: 'date-time', description: 'Intervals that begin before this' })
  readonly to!: string;
  @ApiProperty({ enum: REPROCESS })
  readonly reprocess!: Reprocess;
  @ApiProperty({ enum: BACKFILL_ORDERS })
  readonly order!: BackfillOrder;
  @ApiProperty()
  readonly maxActiveRuns!: number;
  @ApiPropertyOptional()
  readonly chunk?: number;
  @ApiPropertyOptional()
  readonly failureBudget?: number;
  @ApiPropertyOptional()
  readonly note?: string;
  @ApiPropertyOptional({ description: 'The DAG that is run after each chunk, without chunks at the end' })
  readonly validate?: string;
  @ApiPropertyOptional({ type: BackfillValidationDto, description: 'Absent before the first one' })
  readonly validation?: BackfillValidationDto;
  @ApiPropertyOptional({
    type: [String],
    description: 'Every run is for these and what they need; the first few of them, and `…` for the rest',
  })
  readonly tasks?: readonly string[];
  @ApiPropertyOptional({ type: DownstreamBackfillDto })
  readonly downstream?: DownstreamBackfillDto;
  @ApiProperty({ format: 'date-time' })
  readonly acceptedAt!: string;
  @ApiProperty({ type: BackfillProgressDto })
  readonly progress!: BackfillProgressDto;
  @ApiPropertyOptional({ description: 'false: no worker answered, the progress is that of when the state last changed' })
  readonly live?: boolean;
  @ApiProperty({ type: BackfillLinksDto })
  readonly links!: BackfillLinksDto;
}

/** A page of backfills. */
export class BackfillListDto {
  @ApiProperty({ type: [BackfillDto] })
  readonly items!: readonly BackfillDto[];
  @ApiPropertyOptional()
  readonly nextCursor?: string;
}

/** An interval in the plan of a backfill. */
export class PlannedIntervalDto {
  @ApiProperty({ format: 'date-time' })
  readonly logicalDate!: string;
  @ApiProperty({ type: DataIntervalDto })
  readonly dataInterval!: DataIntervalDto;
  @ApiProperty()
  readonly runId!: string;
  @ApiProperty({ description: 'It would be run' })
  readonly included!: boolean;
  @ApiProperty({ enum: [...IN_REASONS, ...OUT_REASONS], description: 'Why, or why not' })
  readonly reason!: InReason | OutReason;
  @ApiPropertyOptional({ description: 'Which execution of its run it would be' })
  readonly execution?: number;
}

/** What a backfill would do. */
export class BackfillPlanDto {
  @ApiProperty({ enum: [true] })
  readonly dryRun!: true;
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty()
  readonly version!: number;
  @ApiProperty({ format: 'date-time' })
  readonly from!: string;
  @ApiProperty({ format: 'date-time' })
  readonly to!: string;
  @ApiProperty({ description: 'Intervals of the whole selection, on this page or not' })
  readonly total!: number;
  @ApiProperty({ description: 'Runs of it at the same time' })
  readonly maxActiveRuns!: number;
  @ApiPropertyOptional({
    type: [String],
    description: 'What every run would carry out: the tasks asked for and what they need',
  })
  readonly tasks?: readonly string[];
  @ApiPropertyOptional({ type: [DownstreamPlanDto], description: 'DAGs that would be backfilled after it, in order' })
  readonly downstream?: readonly DownstreamPlanDto[];
  @ApiProperty({ type: [PlannedIntervalDto], description: 'In the order in which they would be run' })
  readonly items!: readonly PlannedIntervalDto[];
  @ApiPropertyOptional()
  readonly nextCursor?: string;
}
