import { Controller, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiHeader, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { RunIdPipe, TaskIdPipe } from '../request/ids.pipe.js';
import { JsonBody } from '../request/json-body.js';
import { ApprovalsService } from './approvals.service.js';
import { DecideDto, DecidedDto } from './dto/approval.dto.js';
import type { RunName } from './run-id.js';

@ApiTags('runs')
@Controller(`${API}/runs/:runId/tasks/:taskId/approve`)
export class ApprovalsController {
  constructor(private readonly approvals: ApprovalsService) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Approve or reject a task that waits for approval',
    description: 'Repeating the same decision is safe. The notice of a running task says what is asked.',
  })
  @ApiParam({ name: 'runId', type: String })
  @ApiParam({ name: 'taskId' })
  @ApiHeader({
    name: 'X-Forwarded-User',
    required: false,
    description: 'Who decides, with BATON_AUTH=external: set by what authenticates the request',
  })
  @ApiBody({ type: DecideDto })
  @ApiAcceptedResponse({ type: DecidedDto })
  @ApiProblems(400, 403, 404, 409, 413, 415, 422, 503)
  decide(
    @Param('runId', RunIdPipe) run: RunName,
    @Param('taskId', TaskIdPipe) taskId: string,
    @JsonBody() request: DecideDto,
    @Headers('x-forwarded-user') user: string | undefined,
  ): Promise<DecidedDto> {
    return this.approvals.decide(run, taskId, request, user);
  }
}
