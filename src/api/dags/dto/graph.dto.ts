import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { EDGE_CONDITIONS, type EdgeCondition, TRIGGER_RULES, type TriggerRule } from '../../../dag/spec.js';

/** A task as a node of the graph. */
export class GraphNodeDto {
  @ApiProperty()
  readonly id!: string;
  @ApiProperty({ example: 'sql' })
  readonly type!: string;
  @ApiProperty({ description: 'Layer it stands in, from 0' })
  readonly layer!: number;
  @ApiPropertyOptional({ enum: TRIGGER_RULES, description: 'Absent where a join or the rule of teardowns decides' })
  readonly triggerRule?: TriggerRule;
  @ApiPropertyOptional({ enum: ['quorum', 'expression'], description: 'What decides instead of a trigger rule' })
  readonly join?: 'quorum' | 'expression';
  @ApiPropertyOptional({ description: 'Makes something that a teardown takes away' })
  readonly setup?: true;
  @ApiPropertyOptional({ description: 'Cleans up, whatever happened' })
  readonly teardown?: true;
  @ApiProperty({ description: 'On the critical path' })
  readonly critical!: boolean;
}

/** A dependency: `to` waits for `from`. */
export class GraphEdgeDto {
  @ApiProperty()
  readonly from!: string;
  @ApiProperty()
  readonly to!: string;
  @ApiProperty({ enum: EDGE_CONDITIONS, isArray: true })
  readonly on!: readonly EdgeCondition[];
}

/** The shape of a DAG. */
export class GraphDto {
  @ApiProperty({ type: [GraphNodeDto] })
  readonly nodes!: readonly GraphNodeDto[];
  @ApiProperty({ type: [GraphEdgeDto] })
  readonly edges!: readonly GraphEdgeDto[];
  @ApiProperty({
    description: 'Task ids by layer: a task stands one below its lowest upstream',
    type: 'array',
    items: { type: 'array', items: { type: 'string' } },
  })
  readonly layers!: readonly (readonly string[])[];
  @ApiProperty({ description: 'A longest chain of dependencies, counted in tasks', type: [String] })
  readonly criticalPath!: readonly string[];
}
