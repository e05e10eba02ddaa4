import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { etagOf, matchesTag } from '../request/etag.js';
import { RunIdPipe, TaskIdPipe } from '../request/ids.pipe.js';
import { QueryNames } from '../request/query-names.guard.js';
import { ItemListDto } from './dto/item.dto.js';
import { ListItemsQuery, ListTasksQuery, TaskLogsQuery } from './dto/run-requests.dto.js';
import { TaskDto, TaskListDto } from './dto/task.dto.js';
import { LOG_ANSWER, sendLog } from './log-response.js';
import type { RunName } from './run-id.js';
import { RunsService } from './runs.service.js';
import { TaskItems } from './task-items.js';
import { TaskLogs } from './task-logs.js';
import { TaskOutputs } from './task-outputs.js';
import { taskView } from './task-view.js';

@ApiTags('runs')
@ApiParam({ name: 'runId', type: String })
@Controller(`${API}/runs/:runId/tasks`)
export class RunTasksController {
  constructor(
    private readonly runs: RunsService,
    private readonly outputs: TaskOutputs,
    private readonly logs: TaskLogs,
    private readonly items: TaskItems,
  ) {}

  @Get()
  @QueryNames(['state', 'limit', 'cursor'])
  @ApiOperation({ summary: 'Tasks of a run, in order of id' })
  @ApiOkResponse({ type: TaskListDto })
  @ApiProblems(400, 404, 503)
  list(@Param('runId', RunIdPipe) run: RunName, @Query() query: ListTasksQuery): Promise<TaskListDto> {
    return this.runs.tasks(run, query);
  }

  @Get(':taskId')
  @ApiOperation({ summary: 'A task of a run with all its attempts' })
  @ApiParam({ name: 'taskId' })
  @ApiOkResponse({ type: TaskDto })
  @ApiProblems(400, 404, 503)
  async get(@Param('runId', RunIdPipe) run: RunName, @Param('taskId', TaskIdPipe) taskId: string): Promise<TaskDto> {
    return taskView(run.runId, (await this.runs.task(run, taskId)).task);
  }

  @Get(':taskId/output')
  @ApiOperation({ summary: 'The output of a task, whatever its size' })
  @ApiParam({ name: 'taskId' })
  @ApiOkResponse({ description: 'The value as JSON', content: { 'application/json': { schema: {} } } })
  @ApiProblems(400, 404, 503)
  async output(
    @Param('runId', RunIdPipe) run: RunName,
    @Param('taskId', TaskIdPipe) taskId: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const { text, sha256 } = await this.outputs.read(run, taskId);
    response.setHeader('ETag', etagOf(sha256));
    if (matchesTag(ifNoneMatch, sha256)) response.status(304).end();
    else response.status(200).setHeader('Content-Type', 'application/json; charset=utf-8').end(text);
  }

  @Get(':taskId/items')
  @QueryNames(['state', 'limit', 'cursor'])
  @ApiOperation({
    summary: 'Items of a map, in order of index; all of them as JSON lines where application/x-ndjson is asked for',
  })
  @ApiParam({ name: 'taskId' })
  @ApiProduces('application/json', 'application/x-ndjson')
  @ApiOkResponse({ type: ItemListDto })
  @ApiProblems(400, 404, 503)
  async listItems(
    @Param('runId', RunIdPipe) run: RunName,
    @Param('taskId', TaskIdPipe) taskId: string,
    @Query() query: ListItemsQuery,
    @Headers('accept') accept: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    if (accept?.includes('application/x-ndjson') !== true) {
      response.json(await this.items.page(run, taskId, query));
      return;
    }
    const lines = Readable.from(await this.items.lines(run, taskId, query));
    response.status(200).setHeader('Content-Type', 'application/x-ndjson; charset=utf-8');
    // A reader that leaves is nobody's mistake.
    await pipeline(lines, response).catch(() => undefined);
  }

  @Get(':taskId/logs')
  @QueryNames(['attempt', 'item', 'offset', 'follow'])
  @ApiOperation({ summary: 'The log of one attempt of a task, from a byte on; with follow=true until the task is over' })
  @ApiParam({ name: 'taskId' })
  @ApiOkResponse(LOG_ANSWER)
  @ApiNoContentResponse({ description: 'Tasks of this kind write no log here; X-Reason says why' })
  @ApiProblems(400, 404, 503)
  async readLogs(
    @Param('runId', RunIdPipe) run: RunName,
    @Param('taskId', TaskIdPipe) taskId: string,
    @Query() query: TaskLogsQuery,
    @Res() response: Response,
  ): Promise<void> {
    await sendLog(response, this.logs, await this.logs.ofTask(run, taskId, query.attempt, query.item), query);
  }
}
