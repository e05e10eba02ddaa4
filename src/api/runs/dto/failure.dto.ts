import { ApiProperty } from '@nestjs/swagger';
import type { Json } from '../../../dag/json.js';
import { FAILURE_KINDS, type Failure, type FailureKind } from '../../../dag/state.js';

/** Why something failed. */
export class FailureDto implements Failure {
  @ApiProperty({ enum: FAILURE_KINDS })
  readonly kind!: FailureKind;
  @ApiProperty()
  readonly message!: string;
  @ApiProperty({ required: false, description: 'Class or code of the error itself' })
  readonly type?: string;
  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: true })
  readonly details?: Json;
}
