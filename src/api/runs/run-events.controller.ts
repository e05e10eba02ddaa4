import { Controller, Get, Headers, Param, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { RunIdPipe } from '../request/ids.pipe.js';
import { EventStream, lastEventId } from './event-stream.js';
import { RunFeeds } from './run-feeds.js';
import type { RunName } from './run-id.js';
import { RunsService } from './runs.service.js';

@ApiTags('runs')
@ApiParam({ name: 'runId', type: String })
@Controller(`${API}/runs/:runId/events`)
export class RunEventsController {
  constructor(
    private readonly runs: RunsService,
    private readonly feeds: RunFeeds,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Follow a run: server-sent events `task` and `run`, ended after the final `run`',
    description:
      'Each event id is a revision; a reader that comes back with Last-Event-ID gets what it missed. Data are as in the answers of /runs/{runId} and /runs/{runId}/tasks/{taskId}.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  @ApiProblems(400, 404, 503)
  async follow(
    @Param('runId', RunIdPipe) run: RunName,
    @Headers('last-event-id') lastId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    await this.runs.head(run);
    if (response.destroyed) return;
    const leave = this.feeds.subscribe(run.runId, new EventStream(response), lastEventId(lastId));
    response.on('close', leave);
  }
}
