import { setMaxListeners } from 'node:events';
import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { parseDuration } from '../../dag/duration.js';
import { VersionStore } from '../../temporal/version-store.js';
import { API } from '../base-path.js';
import { versionView } from '../dags/dag-view.js';
import { DagsService } from '../dags/dags.service.js';
import { VersionDetailDto } from '../dags/dto/version.dto.js';
import { ApiProblems } from '../errors/api-problems.js';
import { Problem } from '../errors/problem.js';
import { RunIdPipe } from '../request/ids.pipe.js';
import { QueryNames } from '../request/query-names.guard.js';
import { CancelledDto, ExecutionListDto, RunDto, RunListDto } from './dto/run.dto.js';
import { GetRunQuery, ListRunsQuery } from './dto/run-requests.dto.js';
import { RunGraphDto } from './dto/task.dto.js';
import type { RunName } from './run-id.js';
import { RunPlans } from './run-plans.js';
import { RunsService } from './runs.service.js';
import { ShutdownSignal } from './shutdown-signal.js';

/** Longest that a read of a run waits for its end. */
const MAX_WAIT_MS = 60_000;

@ApiTags('runs')
@Controller(`${API}/runs`)
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly plans: RunPlans,
    private readonly dags: DagsService,
    private readonly versions: VersionStore,
    private readonly shutdown: ShutdownSignal,
  ) {}

  @Get()
  @QueryNames([
    'dagId',
    'state',
    'waitingFor',
    'tag',
    'trigger',
    'logicalDateFrom',
    'logicalDateTo',
    'startedFrom',
    'startedTo',
    'since',
    'limit',
    'cursor',
  ])
  @ApiOperation({ summary: 'List runs, newest first; may lag about a second behind' })
  @ApiOkResponse({ type: RunListDto })
  @ApiProblems(400, 503)
  list(@Query() query: ListRunsQuery): Promise<RunListDto> {
    return this.runs.list(query);
  }

  @Get(':runId')
  @QueryNames(['wait'])
  @ApiOperation({ summary: 'A run; with ?wait= answered when it is over, or when the time is up' })
  @ApiParam({ name: 'runId', type: String })
  @ApiOkResponse({ type: RunDto })
  @ApiProblems(400, 404, 503)
  get(
    @Param('runId', RunIdPipe) run: RunName,
    @Query() query: GetRunQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunDto> {
    const waitMs = waitOf(query.wait);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.shutdown.signal]);
    // Each of the calls that a long wait is made of listens to it.
    setMaxListeners(0, signal);
    return this.runs.get(run, waitMs, signal);
  }

  @Get(':runId/graph')
  @ApiOperation({ summary: 'The graph of a run, with the states of its tasks' })
  @ApiParam({ name: 'runId', type: String })
  @ApiOkResponse({ type: RunGraphDto })
  @ApiProblems(400, 404, 503)
  async graph(@Param('runId', RunIdPipe) run: RunName): Promise<RunGraphDto> {
    return this.plans.graph(await this.runs.head(run), await this.runs.allTasks(run));
  }

  @Get(':runId/spec')
  @ApiOperation({ summary: 'The version of the DAG that the run goes by' })
  @ApiParam({ name: 'runId', type: String })
  @ApiOkResponse({ type: VersionDetailDto })
  @ApiProblems(400, 404, 503)
  async spec(@Param('runId', RunIdPipe) run: RunName): Promise<VersionDetailDto> {
    const head = await this.runs.head(run);
    const { dagId, version } = head.run;
    const header = await this.dags.version(dagId, version);
    const { spec, text, mediaType } = await this.versions.spec(header);
    return { ...versionView(dagId, header), spec, text, mediaType };
  }

  @Get(':runId/executions')
  @ApiOperation({ summary: 'All executions of a run, newest first: the first one and every retry' })
  @ApiParam({ name: 'runId', type: String })
  @ApiOkResponse({ type: ExecutionListDto })
  @ApiProblems(400, 404, 503)
  executions(@Param('runId', RunIdPipe) run: RunName): Promise<ExecutionListDto> {
    return this.runs.executions(run);
  }

  @Post(':runId/cancel')
  @HttpCode(202)
  @ApiOperation({ summary: 'Ask a run to cancel: running tasks are stopped, clean-up still happens' })
  @ApiParam({ name: 'runId', type: String })
  @ApiAcceptedResponse({ type: CancelledDto })
  @ApiProblems(400, 404, 409, 503)
  async cancel(@Param('runId', RunIdPipe) run: RunName, @Req() request: Request): Promise<CancelledDto> {
    const cancelled = await this.runs.cancel(run);
    request.res?.setHeader('Location', cancelled.links.self);
    return cancelled;
  }
}

function waitOf(text: string | undefined): number {
  if (text === undefined) return 0;
  let ms: number;
  try {
    ms = parseDuration(text);
  } catch {
    ms = Number.NaN;
  }
  if (ms >= 0 && ms <= MAX_WAIT_MS) return ms;
  const detail = 'wait must be a duration such as 30s, at most 60s';
  throw new Problem('invalid_fields', `${detail}.`, { errors: [{ parameter: 'wait', detail }] });
}
