import { ApiProperty } from '@nestjs/swagger';

/** A run that is at work, or that waits for its turn. */
export class PlaceDto {
  @ApiProperty()
  readonly runId!: string;
  @ApiProperty()
  readonly href!: string;
}

/** How many runs of a DAG may be at work, which are, and which come next. */
export class PlacesDto {
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty({ description: 'Runs at the same time; while it is lowered more may still be at work' })
  readonly maxActiveRuns!: number;
  @ApiProperty({
    description: 'false: the DAG sets none; it holds for runs of schedules and backfills, and only those count here',
  })
  readonly declared!: boolean;
  @ApiProperty({ description: 'Runs that hold a place' })
  readonly active!: number;
  @ApiProperty({ description: 'Runs that wait for one' })
  readonly queued!: number;
  @ApiProperty({
    description:
      'Runs that wait for the run before them with all they have to do, and have left their place to others meanwhile',
  })
  readonly parked!: number;
  @ApiProperty({ type: [PlaceDto], description: 'Those that hold a place, at most 100' })
  readonly holders!: readonly PlaceDto[];
  @ApiProperty({ type: [PlaceDto], description: 'Those that wait, the next first, at most 100' })
  readonly next!: readonly PlaceDto[];
  @ApiProperty({
    type: [PlaceDto],
    description: 'Those that are parked, at most 100; who wants its place again is also in `next`',
  })
  readonly away!: readonly PlaceDto[];
}
