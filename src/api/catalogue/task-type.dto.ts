import { ApiProperty } from '@nestjs/swagger';

/** A task type that DAGs may use. */
export class TaskTypeDto {
  @ApiProperty({ example: 'http' })
  readonly type!: string;
  @ApiProperty()
  readonly summary!: string;
  @ApiProperty({
    enum: ['walk', 'activity', 'wait'],
    description: '`walk`: inside the run itself; `activity`: by a worker; `wait`: the run waits for it',
  })
  readonly carriedOutBy!: 'walk' | 'activity' | 'wait';
  @ApiProperty({ description: 'false: off until an administrator enables it' })
  readonly enabled!: boolean;
}

/** All task types. */
export class TaskTypeListDto {
  @ApiProperty({ type: [TaskTypeDto] })
  readonly items!: readonly TaskTypeDto[];
}
