import { ApiProperty } from '@nestjs/swagger';

/** A task type that DAGs may use. */
export class TaskTypeDto {
  @ApiProperty({ example: 'http' })
  readonly type!: string;
  @ApiProperty()
  readonly summary!: string;
  @ApiProperty({
    enum: ['walk', 'activity', 'child', 'wait'],
    description:
      '`walk`: inside the run itself; `activity`: by a worker; `child`: by a run of its own; `wait`: the run waits for it',
  })
  readonly carriedOutBy!: 'walk' | 'activity' | 'child' | 'wait';
  @ApiProperty({ description: 'false: off until an administrator enables it' })
  readonly enabled!: boolean;
}

/** All task types. */
export class TaskTypeListDto {
  @ApiProperty({ type: [TaskTypeDto] })
  readonly items!: readonly TaskTypeDto[];
}
