import { Controller, Headers, Param, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { checkedIdempotencyKey } from '../request/idempotency-key.js';
import { DagIdPipe } from '../request/ids.pipe.js';
import { JsonBody } from '../request/json-body.js';
import { LOCATION } from '../response-headers.js';
import { StartedRunDto } from './dto/run.dto.js';
import { StartRunDto } from './dto/run-requests.dto.js';
import { RunStarter } from './run-starter.js';

@ApiTags('runs')
@Controller(`${API}/dags/:dagId/runs`)
export class RunStartsController {
  constructor(private readonly starter: RunStarter) {}

  @Post()
  @ApiOperation({ summary: 'Start a run of the newest version of a DAG' })
  @ApiParam({ name: 'dagId' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key and body again give the run that the first request started; remembered as long as runs are kept',
  })
  @ApiBody({ type: StartRunDto, required: false })
  @ApiAcceptedResponse({ type: StartedRunDto, headers: LOCATION })
  @ApiOkResponse({ type: StartedRunDto, description: 'The same request had started this run before', headers: LOCATION })
  @ApiProblems(400, 404, 409, 410, 413, 415, 422, 503)
  async start(
    @Param('dagId', DagIdPipe) dagId: string,
    @JsonBody() request: StartRunDto,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StartedRunDto> {
    const { started, run } = await this.starter.start(dagId, request, checkedIdempotencyKey(idempotencyKey));
    response.status(started ? 202 : 200).setHeader('Location', run.links.self);
    return run;
  }
}
