import { ApiProperty } from '@nestjs/swagger';
import { DAG_HOOKS, type DagHook } from '../../../dag/spec.js';
import { AttemptDto } from './attempt.dto.js';
import { FailureDto } from './failure.dto.js';

/** What became of a hook of a DAG or of a task. */
export class HookRunDto {
  @ApiProperty({ enum: DAG_HOOKS })
  readonly hook!: DagHook;
  @ApiProperty({ required: false, description: 'Where it stands in a list of several, from 0' })
  readonly index?: number;
  @ApiProperty({ enum: ['running', 'success', 'failed', 'skipped'] })
  readonly state!: 'running' | 'success' | 'failed' | 'skipped';
  @ApiProperty({ format: 'date-time' })
  readonly startedAt!: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly endedAt?: string;
  @ApiProperty({ type: [AttemptDto] })
  readonly attempts!: readonly AttemptDto[];
  @ApiProperty({ required: false, type: FailureDto })
  readonly failure?: FailureDto;
}
