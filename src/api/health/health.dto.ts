import { ApiProperty } from '@nestjs/swagger';

/** The process answers. */
export class LiveDto {
  @ApiProperty({ enum: ['live'] })
  readonly status!: 'live';
}

/** Whether the service can do its work now. */
export class ReadyDto {
  @ApiProperty({ enum: ['ready', 'not_ready'] })
  readonly status!: 'ready' | 'not_ready';
  @ApiProperty({ description: 'Temporal answers' })
  readonly temporal!: boolean;
  @ApiProperty({ required: false, description: 'The worker of this process polls; absent where it has none' })
  readonly worker?: boolean;
}
