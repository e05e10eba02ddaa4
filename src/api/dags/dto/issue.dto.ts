import { ApiProperty } from '@nestjs/swagger';
import { ISSUE_CODES, type Issue, type IssueCode } from '../../../dag/issue.js';

/** One problem of a spec. */
export class IssueDto implements Issue {
  @ApiProperty({ enum: ISSUE_CODES })
  readonly code!: IssueCode;
  @ApiProperty({
    description: 'JSON pointer (RFC 6901) into the spec; empty = the whole document',
    example: '/tasks/load/dependsOn/0',
  })
  readonly path!: string;
  @ApiProperty()
  readonly message!: string;
  @ApiProperty({ enum: ['error', 'warning'] })
  readonly severity!: 'error' | 'warning';
  @ApiProperty({ required: false, description: '1-based line in the text' })
  readonly line?: number;
  @ApiProperty({ required: false })
  readonly column?: number;
}
