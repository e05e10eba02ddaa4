import { ApiProperty } from '@nestjs/swagger';
import { FailureDto } from './failure.dto.js';

/** One attempt of a task or a hook. */
export class AttemptDto {
  @ApiProperty()
  readonly attempt!: number;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly startedAt?: string;
  @ApiProperty({ required: false, format: 'date-time' })
  readonly endedAt?: string;
  @ApiProperty({ required: false })
  readonly worker?: string;
  @ApiProperty({ required: false, type: FailureDto })
  readonly failure?: FailureDto;
  @ApiProperty({ required: false, description: 'Of a SubDAG: the run that this attempt was' })
  readonly runId?: string;
}
