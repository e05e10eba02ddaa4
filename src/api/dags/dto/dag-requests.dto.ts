import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { TAG_PATTERN, TAG_RULE } from '../../../dag/tag.js';

/** Body of PATCH: what may be changed without a new version. */
export class PatchDagDto {
  @ApiProperty({ description: 'A paused DAG starts nothing by itself; manual runs go on' })
  @IsBoolean()
  readonly paused!: boolean;
}

/** Filters of the list of DAGs. */
export class ListDagsQuery {
  @ApiProperty({ required: false })
  @IsOptional()
  @IsString()
  @Matches(TAG_PATTERN, { message: `$property cannot be met: ${TAG_RULE}` })
  readonly tag?: string;

  @ApiProperty({ required: false, enum: ['true', 'false'] })
  @IsOptional()
  @IsIn(['true', 'false'])
  readonly paused?: 'true' | 'false';

  @ApiProperty({ required: false, type: Number, default: 50, maximum: 200 })
  @IsOptional()
  @IsInt()
  readonly limit?: number;

  @ApiProperty({ required: false })
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  readonly cursor?: string;
}

/** Parameter of PUT. */
export class PutDagQuery {
  @ApiProperty({ required: false, enum: ['true', 'false'], description: 'Check everything, store nothing' })
  @IsOptional()
  @IsIn(['true', 'false'])
  readonly dryRun?: 'true' | 'false';
}

/** Parameter of DELETE. */
export class DeleteDagQuery {
  @ApiProperty({ required: false, enum: ['true', 'false'], description: 'Cancel open runs instead of refusing' })
  @IsOptional()
  @IsIn(['true', 'false'])
  readonly cancelRuns?: 'true' | 'false';
}
