import { ApiProperty } from '@nestjs/swagger';
import { IssueDto } from './issue.dto.js';

/** A stored DAG, as lists show it. */
export class DagDto {
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty({ description: 'Newest version, from 1' })
  readonly version!: number;
  @ApiProperty({ description: 'sha256 of the canonical spec; its quoted form is the ETag' })
  readonly hash!: string;
  @ApiProperty()
  readonly paused!: boolean;
  @ApiProperty({ required: false })
  readonly description?: string;
  @ApiProperty({ required: false })
  readonly owner?: string;
  @ApiProperty({ type: [String] })
  readonly tags!: readonly string[];
  @ApiProperty({
    required: false,
    enum: ['active', 'paused', 'pending'],
    description: 'Absent without a schedule; `pending` while the Temporal Schedule is brought in line',
  })
  readonly scheduleState?: 'active' | 'paused' | 'pending';
  @ApiProperty({ format: 'date-time', description: 'When the newest version was stored' })
  readonly versionCreatedAt!: string;
  @ApiProperty({ format: 'date-time' })
  readonly updatedAt!: string;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  readonly links!: { readonly [name: string]: string };
}

/** A stored DAG with its newest spec. */
export class DagDetailDto extends DagDto {
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'The spec as data, as it was sent' })
  readonly spec!: object;
}

/** A page of DAGs. */
export class DagListDto {
  @ApiProperty({ type: [DagDto] })
  readonly items!: readonly DagDto[];
  @ApiProperty({ required: false, description: 'Send it as ?cursor= for the next page; absent on the last one' })
  readonly nextCursor?: string;
}

/** What storing a DAG did. */
export class PutDagDto extends DagDto {
  @ApiProperty({ enum: ['created', 'updated', 'unchanged'] })
  readonly outcome!: 'created' | 'updated' | 'unchanged';
  @ApiProperty({ type: [IssueDto], description: 'Warnings' })
  readonly issues!: readonly IssueDto[];
}

/** What storing a DAG would do. */
export class DryRunDto {
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty({ enum: [true] })
  readonly dryRun!: true;
  @ApiProperty({ enum: ['created', 'updated', 'unchanged'] })
  readonly outcome!: 'created' | 'updated' | 'unchanged';
  @ApiProperty()
  readonly hash!: string;
  @ApiProperty({ type: [IssueDto], description: 'Warnings' })
  readonly issues!: readonly IssueDto[];
}

/** What deleting a DAG did. */
export class DeletedDagDto {
  @ApiProperty()
  readonly dagId!: string;
  @ApiProperty({ enum: [true] })
  readonly deleted!: true;
  @ApiProperty({ type: [String], description: 'Runs that were asked to cancel' })
  readonly cancelledRuns!: readonly string[];
}
