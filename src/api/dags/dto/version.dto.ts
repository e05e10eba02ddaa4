import { ApiProperty } from '@nestjs/swagger';

/** A stored version of a DAG. */
export class VersionDto {
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty()
  readonly version!: number;
  @ApiProperty()
  readonly hash!: string;
  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;
  @ApiProperty({ required: false })
  readonly createdBy?: string;
}

/** The newest versions of a DAG, at most 200. */
export class VersionListDto {
  @ApiProperty({ type: [VersionDto] })
  readonly items!: readonly VersionDto[];
}

/** A stored version with its spec. */
export class VersionDetailDto extends VersionDto {
  @ApiProperty({ description: 'The text as it was sent' })
  readonly text!: string;
  @ApiProperty({ example: 'application/yaml' })
  readonly mediaType!: string;
  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly spec!: object;
}

/** One difference between two specs. */
export class SpecChangeDto {
  @ApiProperty({ enum: ['add', 'remove', 'replace'] })
  readonly op!: 'add' | 'remove' | 'replace';
  @ApiProperty({ description: 'JSON pointer into the spec' })
  readonly path!: string;
  @ApiProperty({ selfRequired: false, description: 'Value in the first version', type: 'object', additionalProperties: true })
  readonly before?: unknown;
  @ApiProperty({ selfRequired: false, description: 'Value in the second version', type: 'object', additionalProperties: true })
  readonly after?: unknown;
}

/** How two versions of a DAG differ. */
export class SpecDiffDto {
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty()
  readonly from!: number;
  @ApiProperty()
  readonly to!: number;
  @ApiProperty({ type: [SpecChangeDto] })
  readonly changes!: readonly SpecChangeDto[];
}
