import { ApiProperty } from '@nestjs/swagger';

/** A task queue whose workers are Baton's own. */
export class QueueDto {
  @ApiProperty({ example: 'baton', description: 'Name, as a task says it in `queue`' })
  name!: string;

  @ApiProperty({ description: 'Runs themselves and their tasks without `queue` go to this one' })
  default!: boolean;

  @ApiProperty({ example: 1, description: 'Workers that Temporal has seen there in the last minutes; 0 = nobody works on it' })
  workers!: number;
}

export class QueueListDto {
  @ApiProperty({ type: [QueueDto] })
  items!: QueueDto[];
}
