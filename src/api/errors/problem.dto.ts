import { ApiProperty } from '@nestjs/swagger';
import { IssueDto } from '../dags/dto/issue.dto.js';
import { PROBLEM_CODES, type ProblemCode } from './problem-codes.js';

/** One ill-typed or forbidden value. */
export class FieldErrorDto {
  @ApiProperty({ required: false, description: 'JSON pointer into the body' })
  readonly pointer?: string;
  @ApiProperty({ required: false, description: 'Query parameter' })
  readonly parameter?: string;
  @ApiProperty({ required: false, description: 'Request header' })
  readonly header?: string;
  @ApiProperty()
  readonly detail!: string;
}

/** The answer to every request that failed (RFC 9457). */
export class ProblemDto {
  @ApiProperty({ example: 'urn:baton:problem:dag_not_found' })
  readonly type!: string;
  @ApiProperty()
  readonly title!: string;
  @ApiProperty()
  readonly status!: number;
  @ApiProperty({ enum: Object.keys(PROBLEM_CODES) })
  readonly code!: ProblemCode;
  @ApiProperty()
  readonly detail!: string;
  @ApiProperty({ required: false, description: 'The path that was asked for' })
  readonly instance?: string;
  @ApiProperty({ required: false })
  readonly requestId?: string;
  @ApiProperty({ type: [FieldErrorDto], required: false })
  readonly errors?: readonly FieldErrorDto[];
  @ApiProperty({ type: [IssueDto], required: false })
  readonly issues?: readonly IssueDto[];
  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: { type: 'string' } })
  readonly links?: { readonly [name: string]: string };
}
