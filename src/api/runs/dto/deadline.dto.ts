import { ApiProperty } from '@nestjs/swagger';
import {
  DEADLINE_BEHAVIORS,
  DEADLINE_REFERENCES,
  DEADLINE_STATES,
  type DeadlineBehavior,
  type DeadlineRecord,
  type DeadlineReference,
  type DeadlineState,
} from '../../../dag/deadline-plan.js';

/** A deadline of a run, or of a task of it. */
export class DeadlineViewDto {
  @ApiProperty({ required: false, description: 'Absent = the run itself' })
  readonly task?: string;
  @ApiProperty({ enum: DEADLINE_REFERENCES })
  readonly reference!: DeadlineReference;
  @ApiProperty({ enum: DEADLINE_BEHAVIORS })
  readonly behavior!: DeadlineBehavior;
  @ApiProperty({
    enum: DEADLINE_STATES,
    description:
      '`predicted`: it will be missed; `ended`: before it, without success; `passed`: before the run was taken in, so that it is not applied',
  })
  readonly state!: DeadlineState;
  @ApiProperty({ required: false, format: 'date-time', description: 'Absent while what it counts from has not happened' })
  readonly dueAt?: string;
  @ApiProperty({ required: false, format: 'date-time', description: 'When its state became known' })
  readonly at?: string;
  @ApiProperty({ required: false, format: 'date-time', description: 'By the last prediction' })
  readonly expectedAt?: string;
  @ApiProperty({ required: false, description: 'By the last prediction: the task that this is mostly due to' })
  readonly because?: string;
  @ApiProperty({
    selfRequired: false,
    type: 'object',
    additionalProperties: true,
    description: 'How its hook ended the last time',
  })
  readonly hook?: DeadlineRecord['hook'];
}
