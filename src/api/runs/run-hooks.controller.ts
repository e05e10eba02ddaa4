import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { DAG_HOOKS, TASK_HOOKS } from '../../dag/spec.js';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { RunIdPipe, TaskIdPipe } from '../request/ids.pipe.js';
import { QueryNames } from '../request/query-names.guard.js';
import { HookLogsQuery } from './dto/run-requests.dto.js';
import { LOG_ANSWER, sendLog } from './log-response.js';
import type { RunName } from './run-id.js';
import { TaskLogs } from './task-logs.js';

const NO_LOG = { description: 'The hook writes no log here; X-Reason says why' };

@ApiTags('runs')
@ApiParam({ name: 'runId', type: String })
@Controller(`${API}/runs/:runId`)
export class RunHooksController {
  constructor(private readonly logs: TaskLogs) {}

  @Get('hooks/:hook/logs')
  @QueryNames(['index', 'attempt', 'offset', 'follow'])
  @ApiOperation({ summary: 'The log of one attempt of a hook of the DAG, from a byte on; with follow=true until it is over' })
  @ApiParam({ name: 'hook', enum: DAG_HOOKS })
  @ApiOkResponse(LOG_ANSWER)
  @ApiNoContentResponse(NO_LOG)
  @ApiProblems(400, 404, 503)
  async ofDag(
    @Param('runId', RunIdPipe) run: RunName,
    @Param('hook') hook: string,
    @Query() { index, attempt, ...query }: HookLogsQuery,
    @Res() response: Response,
  ): Promise<void> {
    await sendLog(response, this.logs, await this.logs.ofHook(run, { hook, index }, attempt), query);
  }

  @Get('tasks/:taskId/hooks/:hook/logs')
  @QueryNames(['index', 'attempt', 'offset', 'follow'])
  @ApiOperation({ summary: 'The log of one attempt of a hook of a task' })
  @ApiParam({ name: 'taskId' })
  @ApiParam({ name: 'hook', enum: TASK_HOOKS })
  @ApiOkResponse(LOG_ANSWER)
  @ApiNoContentResponse(NO_LOG)
  @ApiProblems(400, 404, 503)
  async ofTask(
    @Param('runId', RunIdPipe) run: RunName,
    @Param('taskId', TaskIdPipe) taskId: string,
    @Param('hook') hook: string,
    @Query() { index, attempt, ...query }: HookLogsQuery,
    @Res() response: Response,
  ): Promise<void> {
    await sendLog(response, this.logs, await this.logs.ofHook(run, { taskId, hook, index }, attempt), query);
  }
}
