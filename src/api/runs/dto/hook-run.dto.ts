import { ApiProperty } from '@nestjs/swagger';
import type { HookResult } from '../../../dag/map/item-result.js';
import { DAG_HOOKS, type DagHook, TASK_HOOKS, type TaskHook } from '../../../dag/spec.js';
import { AttemptDto } from './attempt.dto.js';
import { FailureDto } from './failure.dto.js';

const HOOK_STATES = ['running', 'success', 'failed', 'skipped'] as const;
const HOOKS = [...new Set([...DAG_HOOKS, ...TASK_HOOKS])];

/** What became of a hook of a DAG or of a task. */
export class HookRunDto {
  @ApiProperty({ enum: HOOKS })
  readonly hook!: DagHook | TaskHook;
  @ApiProperty({ required: false, description: 'Where it stands in a list of several, from 0' })
  readonly index?: number;
  @ApiProperty({ required: false, description: 'Between attempts: the number of the one that had failed' })
  readonly attempt?: number;
  @ApiProperty({ enum: HOOK_STATES })
  readonly state!: (typeof HOOK_STATES)[number];
  @ApiProperty({ format: 'date-time' })
  readonly startedAt!: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly endedAt?: string;
  @ApiProperty({ type: [AttemptDto], description: 'Its own; none between attempts, where it is tried once' })
  readonly attempts!: readonly AttemptDto[];
  @ApiProperty({ required: false, type: FailureDto })
  readonly failure?: FailureDto;
  @ApiProperty({ description: 'Where its log is read' })
  readonly logs!: string;
}

/** What became of a hook between attempts of an item. */
export class ItemHookDto implements HookResult {
  @ApiProperty({ enum: HOOKS })
  readonly hook!: DagHook | TaskHook;
  @ApiProperty({ required: false, description: 'Where it stands in a list of several, from 0' })
  readonly index?: number;
  @ApiProperty({ required: false, description: 'The number of the attempt that had failed' })
  readonly attempt?: number;
  @ApiProperty({ enum: HOOK_STATES })
  readonly state!: HookResult['state'];
  @ApiProperty({ required: false, type: FailureDto })
  readonly failure?: FailureDto;
}
