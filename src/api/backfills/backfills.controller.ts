import { Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { checkedIdempotencyKey } from '../request/idempotency-key.js';
import { BackfillIdPipe } from '../request/ids.pipe.js';
import { JsonBody } from '../request/json-body.js';
import { QueryNames } from '../request/query-names.guard.js';
import { LOCATION } from '../response-headers.js';
import { BackfillsService } from './backfills.service.js';
import { BackfillDto, BackfillListDto, BackfillPlanDto } from './dto/backfill.dto.js';
import { CancelBackfillDto, CreateBackfillDto, ListBackfillsQuery, PlanQuery } from './dto/backfill-requests.dto.js';

@ApiTags('backfills')
@Controller(`${API}/backfills`)
export class BackfillsController {
  constructor(private readonly backfills: BackfillsService) {}

  @Post()
  @QueryNames(['limit', 'cursor'])
  @ApiOperation({ summary: "Run intervals of a DAG's past, or with dryRun say which ones and why" })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key and body again give the backfill that the first request started; as long as runs are kept',
  })
  @ApiBody({ type: CreateBackfillDto })
  @ApiAcceptedResponse({ type: BackfillDto, headers: LOCATION })
  @ApiExtraModels(BackfillDto, BackfillPlanDto)
  @ApiOkResponse({
    description: 'The plan, where dryRun asks for it; else the backfill that the same request had started before',
    schema: { oneOf: [{ $ref: getSchemaPath(BackfillPlanDto) }, { $ref: getSchemaPath(BackfillDto) }] },
  })
  @ApiProblems(400, 404, 410, 413, 415, 422, 503)
  async create(
    @JsonBody() request: CreateBackfillDto,
    @Query() query: PlanQuery,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BackfillDto | BackfillPlanDto> {
    if (request.dryRun === true) {
      response.status(200);
      return this.backfills.plan(request, query);
    }
    const { started, backfill } = await this.backfills.create(request, query, checkedIdempotencyKey(idempotencyKey));
    response.status(started ? 202 : 200).setHeader('Location', backfill.links.self);
    return backfill;
  }

  @Get()
  @QueryNames(['dagId', 'state', 'limit', 'cursor'])
  @ApiOperation({ summary: 'List backfills, newest first; progress is that of when a state last changed' })
  @ApiOkResponse({ type: BackfillListDto })
  @ApiProblems(400, 503)
  list(@Query() query: ListBackfillsQuery): Promise<BackfillListDto> {
    return this.backfills.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'A backfill and its progress' })
  @ApiParam({ name: 'id', type: String })
  @ApiOkResponse({ type: BackfillDto })
  @ApiProblems(400, 404, 503)
  get(@Param('id', BackfillIdPipe) id: string): Promise<BackfillDto> {
    return this.backfills.get(id);
  }

  @Post(':id/pause')
  @HttpCode(202)
  @ApiOperation({ summary: 'Start nothing more until it is resumed; runs that are at work go on' })
  @ApiParam({ name: 'id', type: String })
  @ApiAcceptedResponse({ type: BackfillDto })
  @ApiProblems(400, 404, 409, 503)
  pause(@Param('id', BackfillIdPipe) id: string): Promise<BackfillDto> {
    return this.backfills.control(id, { order: 'pause' });
  }

  @Post(':id/resume')
  @HttpCode(202)
  @ApiOperation({ summary: 'Go on after a pause, or after it has stopped by itself: with a new failure budget' })
  @ApiParam({ name: 'id', type: String })
  @ApiAcceptedResponse({ type: BackfillDto })
  @ApiProblems(400, 404, 409, 503)
  resume(@Param('id', BackfillIdPipe) id: string): Promise<BackfillDto> {
    return this.backfills.control(id, { order: 'resume' });
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @ApiOperation({ summary: 'Start nothing more; runs that are at work finish, or are cancelled too' })
  @ApiParam({ name: 'id', type: String })
  @ApiBody({ type: CancelBackfillDto, required: false })
  @ApiAcceptedResponse({ type: BackfillDto })
  @ApiProblems(400, 404, 409, 413, 415, 503)
  cancel(@Param('id', BackfillIdPipe) id: string, @JsonBody() { runs }: CancelBackfillDto): Promise<BackfillDto> {
    return this.backfills.control(id, { order: 'cancel', runs });
  }
}
