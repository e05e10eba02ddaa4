import { ApiProperty } from '@nestjs/swagger';
import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import {
  BACKFILL_ORDERS,
  BACKFILL_STATES,
  type BackfillOrder,
  type BackfillState,
  REPROCESS,
  type Reprocess,
} from '../../../dag/backfill/backfill.js';
import type { JsonObject } from '../../../dag/json.js';
import { ID_PATTERN } from '../../../dag/validate/edges.js';

/** Runs of one backfill that may be at work at the same time, at most. */
const MAX_ACTIVE_RUNS = 1_000;
/** Dates that a request may name one by one. */
const MAX_DATES = 1_000;
/** Tasks that a request may name. */
const MAX_TASKS = 100;
const MILLION = 1_000_000;

/** Body of POST backfills. */
export class CreateBackfillDto {
  @ApiProperty({ description: 'A DAG with a schedule by time' })
  @IsString()
  @Matches(ID_PATTERN, { message: 'dagId must be the id of a DAG' })
  readonly dagId!: string;

  @ApiProperty({
    required: false,
    example: '2024-01-01',
    description: "Intervals that begin here or later; a date, a time in the DAG's zone, or an RFC 3339 instant",
  })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  readonly from?: string;

  @ApiProperty({
    required: false,
    example: '2024-01-31',
    description: 'Intervals that begin before this; a date is a whole day',
  })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  readonly to?: string;

  @ApiProperty({
    required: false,
    type: [String],
    maxItems: MAX_DATES,
    description: 'Instead of from and to: intervals that begin on these dates, or at these instants',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_DATES)
  @IsString({ each: true })
  @MaxLength(40, { each: true })
  readonly dates?: readonly string[];

  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: true, description: 'The same for every run' })
  @IsOptional()
  @IsObject()
  readonly params?: JsonObject;

  @ApiProperty({
    required: false,
    enum: REPROCESS,
    default: 'none',
    description: 'Intervals that have a run: none of them, those that did not succeed, or all that are over',
  })
  @IsOptional()
  @IsIn(REPROCESS)
  readonly reprocess?: Reprocess;

  @ApiProperty({ required: false, enum: BACKFILL_ORDERS, default: 'oldest' })
  @IsOptional()
  @IsIn(BACKFILL_ORDERS)
  readonly order?: BackfillOrder;

  @ApiProperty({
    required: false,
    type: Number,
    minimum: 1,
    maximum: MAX_ACTIVE_RUNS,
    description: "Runs of this backfill at the same time; default: the DAG's maxActiveRuns, which is never exceeded",
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_ACTIVE_RUNS)
  readonly maxActiveRuns?: number;

  @ApiProperty({
    required: false,
    type: Number,
    minimum: 1,
    description: 'Intervals of a chunk: the next one begins when this one is over; default: no chunks',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MILLION)
  readonly chunk?: number;

  @ApiProperty({
    required: false,
    type: Number,
    minimum: 0,
    description: 'It stops, and can be resumed, when more runs than that have failed; default: it goes on',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MILLION)
  readonly failureBudget?: number;

  @ApiProperty({ required: false, type: Number, minimum: 1, description: 'Of the DAG; default: the newest' })
  @IsOptional()
  @IsInt()
  @Min(1)
  readonly version?: number;

  @ApiProperty({ required: false, maxLength: 200, description: 'Every run bears it too' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly note?: string;

  @ApiProperty({
    required: false,
    type: [String],
    maxItems: MAX_TASKS,
    description: 'Every run is for these tasks and what they need; the others are skipped. Default: all',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_TASKS)
  @IsString({ each: true })
  @MaxLength(128, { each: true })
  readonly tasks?: readonly string[];

  @ApiProperty({ required: false, default: false, description: 'Only say what would be done, and why' })
  @IsOptional()
  @IsBoolean()
  readonly dryRun?: boolean;

  @ApiProperty({
    selfRequired: false,
    oneOf: [
      { type: 'string' },
      {
        type: 'object',
        required: ['dag'],
        additionalProperties: false,
        properties: { dag: { type: 'string' }, params: { type: 'object', additionalProperties: true } },
      },
    ],
    description:
      'A DAG, or `{dag, params}`, that is run after each chunk, without chunks once at the end, and must succeed. Its params `from` and `to` are told which data it is about',
  })
  @Allow()
  readonly validate?: unknown;

  @ApiProperty({
    required: false,
    default: false,
    description:
      'When all has succeeded, DAGs that wait for runs of this one are backfilled for the same time, one after the other',
  })
  @IsOptional()
  @IsBoolean()
  readonly downstream?: boolean;
}

/** Which page of a dry run is wanted. */
export class PlanQuery {
  @ApiProperty({ required: false, type: Number, default: 50, maximum: 200, description: 'Of a dry run' })
  @IsOptional()
  @IsInt()
  readonly limit?: number;

  @ApiProperty({ required: false, description: 'Of a dry run' })
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  readonly cursor?: string;
}

/** Filters of the list of backfills. */
export class ListBackfillsQuery {
  @ApiProperty({ required: false })
  @IsOptional()
  @IsString()
  @Matches(ID_PATTERN, { message: 'dagId must be the id of a DAG' })
  readonly dagId?: string;

  @ApiProperty({ required: false, enum: BACKFILL_STATES })
  @IsOptional()
  @IsIn(BACKFILL_STATES)
  readonly state?: BackfillState;

  @ApiProperty({ required: false, type: Number, default: 50, maximum: 200 })
  @IsOptional()
  @IsInt()
  readonly limit?: number;

  @ApiProperty({ required: false })
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  readonly cursor?: string;
}

/** Body of POST cancel. */
export class CancelBackfillDto {
  @ApiProperty({
    required: false,
    enum: ['finish', 'cancel'],
    default: 'finish',
    description: 'What becomes of runs that are at work: they go on to their end, or are cancelled too',
  })
  @IsOptional()
  @IsIn(['finish', 'cancel'])
  readonly runs?: 'finish' | 'cancel';
}
