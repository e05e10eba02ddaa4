import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { OVERLAP_POLICIES, type OverlapPolicy } from '../../../dag/spec.js';
import { RUN_STATES, type RunState } from '../../../dag/state.js';
import { DataIntervalDto } from '../../runs/dto/run.dto.js';

const OUTCOMES = ['started', 'waiting', 'paused', 'skipped', 'missed'] as const;

/** Parameter of the preview. */
export class ScheduleQuery {
  @ApiProperty({
    required: false,
    type: Number,
    default: 10,
    minimum: 1,
    maximum: 1000,
    description: 'Times in `next` and in `last`',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000)
  readonly count?: number;
}

/** A time at which a DAG runs by itself. */
export class ScheduledTimeDto {
  @ApiProperty({ format: 'date-time' })
  readonly logicalDate!: string;
  @ApiProperty({ type: DataIntervalDto })
  readonly dataInterval!: DataIntervalDto;
}

/** A time that is over, and what became of it. */
export class PastTimeDto extends ScheduledTimeDto {
  @ApiProperty({ enum: OUTCOMES })
  readonly outcome!: (typeof OUTCOMES)[number];
  @ApiPropertyOptional()
  readonly runId?: string;
  @ApiPropertyOptional({ enum: RUN_STATES })
  readonly state?: RunState;
  @ApiPropertyOptional({ description: 'Address of the run' })
  readonly href?: string;
}

/** Times that follow each other and have no runs. */
export class ScheduleGapDto {
  @ApiProperty({ enum: OUTCOMES.filter((outcome) => outcome !== 'started'), description: 'Why they have none' })
  readonly outcome!: (typeof OUTCOMES)[number];
  @ApiProperty({ format: 'date-time', description: 'The first of them' })
  readonly from!: string;
  @ApiProperty({ format: 'date-time', description: 'The last of them' })
  readonly to!: string;
  @ApiProperty({ description: 'How many they are' })
  readonly times!: number;
}

/** What Temporal has counted since its Schedule was made. */
export class ScheduleCountsDto {
  @ApiProperty({ description: 'Runs that it started' })
  readonly started!: number;
  @ApiProperty({ description: 'Times that were over for longer than `catchupWindow`' })
  readonly missed!: number;
  @ApiProperty({ description: 'Times that `overlapPolicy` skipped' })
  readonly skipped!: number;
  @ApiProperty({ description: 'Times that waited for another run and were too many' })
  readonly dropped!: number;
  @ApiProperty({ description: 'Times that wait for another run now' })
  readonly waiting!: number;
  @ApiProperty({ format: 'date-time' })
  readonly since!: string;
}

/** How far a DAG with `catchup: true` is with the times of its past that had no run. */
export class CatchUpDto {
  @ApiProperty({
    enum: ['waiting', 'running', 'done', 'stopped'],
    description:
      '`waiting`: for the DAG to be resumed, or for its Schedule to be in line; `stopped`: until another version is stored',
  })
  readonly state!: 'waiting' | 'running' | 'done' | 'stopped';
  @ApiPropertyOptional({ format: 'date-time', description: 'Times before are done; absent = it begins at `startDate`' })
  readonly from?: string;
  @ApiPropertyOptional({ format: 'date-time', description: 'Later times are run by the Schedule' })
  readonly to?: string;
  @ApiPropertyOptional({ description: 'Why it is stopped' })
  readonly problem?: string;
}

/** When a DAG runs by itself: what comes, what was. */
export class DagScheduleDto {
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty({
    enum: ['active', 'paused', 'pending'],
    description: '`pending`: the Temporal Schedule is being brought in line',
  })
  readonly state!: 'active' | 'paused' | 'pending';
  @ApiPropertyOptional({ description: 'Why it is not active' })
  readonly note?: string;
  @ApiProperty({ description: 'The schedule in words', example: 'at 0 2 * * * in Europe/Berlin' })
  readonly description!: string;
  @ApiProperty({ description: 'IANA time zone of `run.ds` and of bare dates' })
  readonly timezone!: string;
  @ApiPropertyOptional()
  readonly startDate?: string;
  @ApiPropertyOptional()
  readonly endDate?: string;
  @ApiProperty()
  readonly catchup!: boolean;
  @ApiPropertyOptional({ type: CatchUpDto })
  readonly catchUp?: CatchUpDto;
  @ApiProperty({ example: '1d' })
  readonly catchupWindow!: string;
  @ApiProperty({ enum: OVERLAP_POLICIES })
  readonly overlapPolicy!: OverlapPolicy;
  @ApiProperty({ type: [ScheduledTimeDto], description: 'The next times, soonest first; those of a paused DAG do not come' })
  readonly next!: readonly ScheduledTimeDto[];
  @ApiProperty({ type: [PastTimeDto], description: 'The last times of the schedule as it is now, newest first' })
  readonly last!: readonly PastTimeDto[];
  @ApiProperty({
    type: [ScheduleGapDto],
    description: 'Times of the last 7 days without a run, newest first; of the last 1,000 times',
  })
  readonly gaps!: readonly ScheduleGapDto[];
  @ApiPropertyOptional({ type: ScheduleCountsDto })
  readonly counts?: ScheduleCountsDto;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  readonly links!: { readonly [name: string]: string };
}
