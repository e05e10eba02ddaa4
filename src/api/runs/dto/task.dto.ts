import { ApiProperty } from '@nestjs/swagger';
import type { SkipReason } from '../../../../workflows/contract.js';
import type { Json } from '../../../dag/json.js';
import { TASK_STATES, type TaskState } from '../../../dag/state.js';
import { GraphDto, GraphNodeDto } from '../../dags/dto/graph.dto.js';
import { AttemptDto } from './attempt.dto.js';
import { FailureDto } from './failure.dto.js';
import { HookRunDto } from './hook-run.dto.js';

const ANY_JSON = (['object', 'array', 'string', 'number', 'boolean'] as const).map((type) => ({
  type,
  ...(type === 'array' ? { items: {} } : {}),
}));

/** Where a large output can be read. */
export class OutputRefDto {
  @ApiProperty({ description: 'Bytes of JSON' })
  readonly size!: number;
  @ApiProperty()
  readonly sha256!: string;
  @ApiProperty()
  readonly href!: string;
}

/** The earlier run whose output a task took over. */
export class CachedFromDto {
  @ApiProperty()
  readonly runId!: string;
  @ApiProperty({ format: 'date-time' })
  readonly storedAt!: string;
}

/** How far a map is, and where its items are read. */
export class MapProgressDto {
  @ApiProperty()
  readonly total!: number;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, description: 'State to number of items' })
  readonly counts!: { readonly [state: string]: number | undefined };
  @ApiProperty()
  readonly href!: string;
}

/** Addresses of the run that carries a SubDAG out. */
export class TaskLinksDto {
  @ApiProperty()
  readonly run!: string;
  @ApiProperty()
  readonly tasks!: string;
}

/** A task of a run. */
export class TaskDto {
  @ApiProperty()
  readonly taskId!: string;
  @ApiProperty({ enum: TASK_STATES })
  readonly state!: TaskState;
  @ApiProperty({ required: false, format: 'date-time', description: 'When it became ready to run' })
  readonly queuedAt?: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly startedAt?: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly endedAt?: string;
  @ApiProperty({ type: [AttemptDto] })
  readonly attempts!: readonly AttemptDto[];
  @ApiProperty({ required: false, description: 'Of a SubDAG: the run of its newest attempt' })
  readonly runId?: string;
  @ApiProperty({ required: false, type: TaskLinksDto })
  readonly links?: TaskLinksDto;
  @ApiProperty({
    selfRequired: false,
    nullable: true,
    oneOf: ANY_JSON,
    description: 'The output itself, any JSON, where it is small',
  })
  readonly output?: Json;
  @ApiProperty({ required: false, type: OutputRefDto, description: 'Instead of `output`, where it is large' })
  readonly outputRef?: OutputRefDto;
  @ApiProperty({ required: false, type: () => MapProgressDto, description: 'Of a map: how far it is' })
  readonly map?: MapProgressDto;
  @ApiProperty({ required: false, type: FailureDto })
  readonly failure?: FailureDto;
  @ApiProperty({
    required: false,
    enum: ['not_selected'],
    description: '`not_selected`: it was skipped because the run is for other tasks only (`onlyTasks`)',
  })
  readonly skipReason?: SkipReason;
  @ApiProperty({ required: false, type: CachedFromDto, description: 'The output was taken over from an earlier run (`cache`)' })
  readonly cached?: CachedFromDto;
  @ApiProperty({
    required: false,
    type: [HookRunDto],
    description: 'Hooks of the task that have ended; a failed one changes nothing. Between attempts of items: see the items',
  })
  readonly hooks?: readonly HookRunDto[];
  @ApiProperty({ required: false, description: 'How often a rejection has sent it back; absent where none has' })
  readonly rewinds?: number;
  @ApiProperty({
    selfRequired: false,
    type: 'object',
    additionalProperties: { type: 'number' },
    description: 'What it, or each item of it, is given: `cpu` in processors, `memory` and `storage` in bytes, named ones',
  })
  readonly resources?: { readonly [name: string]: number };
  @ApiProperty({ required: false, description: 'Something to know while it is not over' })
  readonly notice?: string;
  @ApiProperty({
    required: false,
    format: 'date-time',
    description: 'When a wait ends at the latest: by its timer or its timeout',
  })
  readonly waitsUntil?: string;
  @ApiProperty({ description: 'Number of the change that wrote this; grows over the whole run' })
  readonly revision!: number;
}

/** A page of tasks, in order of id. */
export class TaskListDto {
  @ApiProperty({ type: [TaskDto] })
  readonly items!: readonly TaskDto[];
  @ApiProperty({ required: false })
  readonly nextCursor?: string;
  @ApiProperty({ description: 'false: no worker answered, the list is not known now' })
  readonly live!: boolean;
}

/** A task as a node of the graph of its run. */
export class RunGraphNodeDto extends GraphNodeDto {
  @ApiProperty({ enum: TASK_STATES })
  readonly state!: TaskState;
  @ApiProperty({ required: false, description: 'Of a SubDAG: the run of its newest attempt, which has a graph of its own' })
  readonly runId?: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly startedAt?: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly endedAt?: string;
}

/** The graph of a run: that of its DAG, with states. */
export class RunGraphDto extends GraphDto {
  @ApiProperty({ type: [RunGraphNodeDto] })
  declare readonly nodes: readonly RunGraphNodeDto[];
  @ApiProperty()
  readonly live!: boolean;
}
