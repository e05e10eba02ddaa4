import { ApiProperty } from '@nestjs/swagger';
import type { Json } from '../../../dag/json.js';
import { type Failure, TASK_STATES, type TaskState } from '../../../dag/state.js';
import { FailureDto } from './failure.dto.js';
import { ItemHookDto } from './hook-run.dto.js';

/** An item of a map. */
export class ItemDto {
  @ApiProperty({ description: 'From 0' })
  readonly index!: number;
  @ApiProperty({ description: 'Its name by mapKey, else its index' })
  readonly key!: string;
  @ApiProperty({ enum: TASK_STATES })
  readonly state!: TaskState;
  @ApiProperty({
    nullable: true,
    type: 'object',
    additionalProperties: true,
    description: 'Any JSON; null unless it succeeded',
  })
  readonly output!: Json;
  @ApiProperty({ nullable: true, type: FailureDto })
  readonly failure!: Failure | null;
  @ApiProperty({ description: 'How many attempts there were' })
  readonly attempts!: number;
  @ApiProperty({ nullable: true, type: String, format: 'date-time' })
  readonly startedAt!: string | null;
  @ApiProperty({ nullable: true, type: String, format: 'date-time' })
  readonly endedAt!: string | null;
  @ApiProperty({ required: false, type: [ItemHookDto], description: 'Hooks between its attempts, the newest 20' })
  readonly hooks?: readonly ItemHookDto[];
}

/** A page of items, in order of index; those that have not begun are left out while the map is under way. */
export class ItemListDto {
  @ApiProperty({ type: [ItemDto] })
  readonly items!: readonly ItemDto[];
  @ApiProperty({ required: false })
  readonly nextCursor?: string;
  @ApiProperty({ description: 'false: no worker answered, the list is not known now' })
  readonly live!: boolean;
}
