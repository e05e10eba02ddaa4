import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsObject, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import type { JsonObject } from '../../../dag/json.js';
import { RUN_STATES, type RunState, TASK_STATES, type TaskState } from '../../../dag/state.js';
import { TAG_PATTERN, TAG_RULE } from '../../../dag/tag.js';
import { ID_PATTERN } from '../../../dag/validate/edges.js';
import { RUN_KEY_PATTERN } from '../run-id.js';

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;
const INSTANT_MESSAGE = '$property must be an RFC 3339 instant such as 2026-01-31T00:00:00Z';

/** Body of POST runs. Every field may be left out. */
export class StartRunDto {
  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: true, description: "Values for the DAG's params" })
  @IsOptional()
  @IsObject()
  readonly params?: JsonObject;

  @ApiProperty({ required: false, format: 'date-time', description: 'Ties the run to a date: there is one run per date' })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  readonly logicalDate?: string;

  @ApiProperty({ required: false, description: 'Names the run: its id becomes <dagId>@<key>' })
  @IsOptional()
  @IsString()
  @Matches(RUN_KEY_PATTERN, { message: 'key must be made of letters, digits, "_", "." and "-", at most 128' })
  readonly key?: string;

  @ApiProperty({ required: false, maxLength: 1000 })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  readonly note?: string;

  @ApiProperty({
    required: false,
    description: 'Tasks with `cache` do their work again; their results are kept for later runs',
  })
  @IsOptional()
  @IsBoolean()
  readonly ignoreCache?: boolean;
}

/** Filters of the list of runs. */
export class ListRunsQuery {
  @ApiProperty({ required: false })
  @IsOptional()
  @IsString()
  @Matches(ID_PATTERN, { message: 'dagId must be the id of a DAG' })
  readonly dagId?: string;

  @ApiProperty({ required: false, enum: RUN_STATES })
  @IsOptional()
  @IsIn(RUN_STATES)
  readonly state?: RunState;

  @ApiProperty({
    required: false,
    enum: ['approval'],
    description: 'Only runs that wait for somebody to decide, those of SubDAGs too: their tasks ask',
  })
  @IsOptional()
  @IsIn(['approval'])
  readonly waitingFor?: 'approval';

  @ApiProperty({ required: false })
  @IsOptional()
  @IsString()
  @Matches(TAG_PATTERN, { message: `$property cannot be met: ${TAG_RULE}` })
  readonly tag?: string;

  @ApiProperty({ required: false, enum: ['manual', 'schedule', 'backfill', 'event', 'dag'] })
  @IsOptional()
  @IsIn(['manual', 'schedule', 'backfill', 'event', 'dag'])
  readonly trigger?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Inclusive' })
  @IsOptional()
  @IsString()
  @Matches(INSTANT, { message: INSTANT_MESSAGE })
  readonly logicalDateFrom?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Exclusive' })
  @IsOptional()
  @IsString()
  @Matches(INSTANT, { message: INSTANT_MESSAGE })
  readonly logicalDateTo?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Inclusive' })
  @IsOptional()
  @IsString()
  @Matches(INSTANT, { message: INSTANT_MESSAGE })
  readonly startedFrom?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Exclusive' })
  @IsOptional()
  @IsString()
  @Matches(INSTANT, { message: INSTANT_MESSAGE })
  readonly startedTo?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'Short for startedFrom' })
  @IsOptional()
  @IsString()
  @Matches(INSTANT, { message: INSTANT_MESSAGE })
  readonly since?: string;

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

/** Parameter of GET run. */
export class GetRunQuery {
  @ApiProperty({ required: false, example: '30s', description: 'Wait up to this long (at most 60s) for the run to end' })
  @IsOptional()
  @IsString()
  @MaxLength(20)
  readonly wait?: string;
}

/** Filters of the tasks of a run. */
export class ListTasksQuery {
  @ApiProperty({ required: false, enum: TASK_STATES })
  @IsOptional()
  @IsIn(TASK_STATES)
  readonly state?: TaskState;

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

/** Filters of the items of a map. */
export class ListItemsQuery extends ListTasksQuery {}

/** Parameters of a log. */
export class LogQuery {
  @ApiProperty({ required: false, type: Number, description: 'From 1; default: the newest attempt' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  readonly attempt?: number;

  @ApiProperty({ required: false, type: Number, default: 0, description: 'Byte to begin at: X-Next-Offset of the call before' })
  @IsOptional()
  @IsInt()
  @Min(0)
  readonly offset?: number;

  @ApiProperty({ required: false, enum: ['true', 'false'], description: 'Go on until it is over' })
  @IsOptional()
  @IsIn(['true', 'false'])
  readonly follow?: 'true' | 'false';
}

/** Parameters of the logs of a task. */
export class TaskLogsQuery extends LogQuery {
  @ApiProperty({ required: false, type: Number, description: 'Index of an item, from 0; needed where the task is a map' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  readonly item?: number;
}

/** Parameters of the logs of a hook. */
export class HookLogsQuery extends LogQuery {
  @ApiProperty({
    required: false,
    type: Number,
    description: 'Place in a list of hooks, from 0; needed where there are several',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000)
  readonly index?: number;
}
