import { ApiProperty } from '@nestjs/swagger';
import { GraphDto } from './graph.dto.js';
import { IssueDto } from './issue.dto.js';

/** What validation says of a spec. */
export class ValidationDto {
  @ApiProperty()
  readonly valid!: boolean;
  @ApiProperty({ type: [IssueDto], description: 'Errors and warnings in order of place, at most 200' })
  readonly issues!: readonly IssueDto[];
  @ApiProperty({ type: GraphDto, required: false, description: 'Where the spec is valid' })
  readonly graph?: GraphDto;
}
