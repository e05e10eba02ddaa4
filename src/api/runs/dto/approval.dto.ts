import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsObject, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import type { JsonObject } from '../../../dag/json.js';

/** A decision about a task that waits for approval. */
export class DecideDto {
  @ApiProperty({ enum: ['approve', 'reject'] })
  @IsIn(['approve', 'reject'])
  readonly decision!: 'approve' | 'reject';

  @ApiProperty({ required: false, maxLength: 1000, description: 'Kept with the decision' })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  readonly comment?: string;

  @ApiProperty({
    selfRequired: false,
    type: 'object',
    additionalProperties: true,
    description: 'What the approval asks for, by name; a rejection may leave it out',
  })
  @IsOptional()
  @IsObject()
  readonly inputs?: JsonObject;

  @ApiProperty({
    required: false,
    maxLength: 256,
    description: 'Who decides, where nothing in front of the service authenticates; else the header X-Forwarded-User says it',
  })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  readonly by?: string;
}

/** A decision that was taken in. */
export class DecidedDto {
  @ApiProperty()
  readonly runId!: string;
  @ApiProperty()
  readonly taskId!: string;
  @ApiProperty({ enum: ['approve', 'reject'] })
  readonly decision!: 'approve' | 'reject';
  @ApiProperty({ required: false, description: 'Who decided, as far as known' })
  readonly by?: string;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  readonly links!: { readonly run: string; readonly task: string };
}
