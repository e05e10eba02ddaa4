import { Controller, Delete, Get, Headers, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { previewOf, VersionStore } from '../../temporal/version-store.js';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { etagOf, expectationOf, matchesTag } from '../request/etag.js';
import { DagIdPipe } from '../request/ids.pipe.js';
import { JsonBody } from '../request/json-body.js';
import { QueryNames } from '../request/query-names.guard.js';
import { SPEC_MEDIA_TYPES, SpecBody, type SpecText } from '../request/spec-body.js';
import { ETAG, LOCATION } from '../response-headers.js';
import { DagRemoval } from './dag-removal.js';
import { dagView } from './dag-view.js';
import { DagsService } from './dags.service.js';
import { DagDetailDto, DagDto, DagListDto, DeletedDagDto, DryRunDto, PutDagDto } from './dto/dag.dto.js';
import { DeleteDagQuery, ListDagsQuery, PatchDagDto, PutDagQuery } from './dto/dag-requests.dto.js';
import { GraphDto } from './dto/graph.dto.js';
import { ValidationDto } from './dto/validation.dto.js';
import { graphOf } from './plan-graph.js';
import { SpecChecker } from './spec-checker.js';

const SPEC_BODY = {
  schema: { type: 'object', additionalProperties: true, description: 'A DAG spec; its JSON Schema is at /api/v1/schema' },
} as const;

@ApiTags('dags')
@Controller(`${API}/dags`)
export class DagsController {
  constructor(
    private readonly dags: DagsService,
    private readonly versions: VersionStore,
    private readonly checker: SpecChecker,
    private readonly removal: DagRemoval,
  ) {}

  @Post('validate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Check a spec; nothing is stored' })
  @ApiConsumes(...Object.keys(SPEC_MEDIA_TYPES))
  @ApiBody(SPEC_BODY)
  @ApiOkResponse({ type: ValidationDto })
  @ApiProblems(400, 413, 415)
  validate(@SpecBody() text: SpecText): ValidationDto {
    const { issues, compiled } = this.checker.check(text);
    if (!compiled) return { valid: false, issues };
    return { valid: true, issues, graph: graphOf(previewOf(compiled)) };
  }

  @Put(':dagId')
  @QueryNames(['dryRun'])
  @ApiOperation({ summary: 'Store a DAG: a new one, or a new version of it; the same spec again changes nothing' })
  @ApiParam({ name: 'dagId' })
  @ApiConsumes(...Object.keys(SPEC_MEDIA_TYPES))
  @ApiBody(SPEC_BODY)
  @ApiHeader({ name: 'If-Match', required: false, description: 'The ETag that the DAG must have, or *' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: '* = create only' })
  @ApiOkResponse({ type: PutDagDto, description: 'A new version, or unchanged', headers: ETAG })
  @ApiCreatedResponse({ type: PutDagDto, description: 'A new DAG', headers: { ...ETAG, ...LOCATION } })
  @ApiProblems(400, 412, 413, 415, 422, 503)
  async put(
    @Param('dagId', DagIdPipe) dagId: string,
    @Query() query: PutDagQuery,
    @SpecBody() text: SpecText,
    @Headers('if-match') ifMatch: string | undefined,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PutDagDto | DryRunDto> {
    const expected = expectationOf(ifMatch, ifNoneMatch);
    if (query.dryRun === 'true') {
      response.status(200);
      return this.dags.dryRun(dagId, text, expected);
    }
    const result = await this.dags.put(dagId, text, expected);
    response.status(result.outcome === 'created' ? 201 : 200).setHeader('ETag', etagOf(result.hash));
    if (result.outcome === 'created') response.setHeader('Location', result.links.self as string);
    return result;
  }

  @Get()
  @QueryNames(['tag', 'paused', 'limit', 'cursor'])
  @ApiOperation({ summary: 'List DAGs; may lag about a second behind' })
  @ApiOkResponse({ type: DagListDto })
  @ApiProblems(400, 503)
  list(@Query() query: ListDagsQuery): Promise<DagListDto> {
    return this.dags.list(query);
  }

  @Get(':dagId')
  @ApiOperation({ summary: 'A DAG with its newest spec' })
  @ApiParam({ name: 'dagId' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'The ETag that is known already: then 304 without a body' })
  @ApiOkResponse({ type: DagDetailDto, headers: ETAG })
  @ApiResponse({ status: 304, description: 'The DAG still has that ETag' })
  @ApiProblems(400, 404, 410, 503)
  async get(
    @Param('dagId', DagIdPipe) dagId: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DagDetailDto | undefined> {
    const head = await this.dags.head(dagId);
    response.setHeader('ETag', etagOf(head.latest.hash));
    if (matchesTag(ifNoneMatch, head.latest.hash)) {
      response.status(304);
      return undefined;
    }
    const { spec } = await this.versions.spec(head.latest);
    return { ...dagView(head), spec };
  }

  @Get(':dagId/graph')
  @ApiOperation({ summary: 'Nodes, edges, layers and the critical path of the newest version' })
  @ApiParam({ name: 'dagId' })
  @ApiOkResponse({ type: GraphDto })
  @ApiProblems(400, 404, 410, 503)
  async graph(@Param('dagId', DagIdPipe) dagId: string): Promise<GraphDto> {
    const { latest } = await this.dags.head(dagId);
    return graphOf(await this.versions.plan(latest));
  }

  @Patch(':dagId')
  @ApiOperation({ summary: 'Pause or resume a DAG' })
  @ApiParam({ name: 'dagId' })
  @ApiBody({ type: PatchDagDto })
  @ApiOkResponse({ type: DagDto })
  @ApiProblems(400, 404, 410, 413, 415, 503)
  patch(@Param('dagId', DagIdPipe) dagId: string, @JsonBody() change: PatchDagDto): Promise<DagDto> {
    return this.dags.pause(dagId, change.paused);
  }

  @Delete(':dagId')
  @QueryNames(['cancelRuns'])
  @ApiOperation({ summary: 'Delete a DAG; its versions and runs stay readable' })
  @ApiParam({ name: 'dagId' })
  @ApiOkResponse({ type: DeletedDagDto })
  @ApiProblems(400, 404, 409, 410, 503)
  remove(@Param('dagId', DagIdPipe) dagId: string, @Query() query: DeleteDagQuery): Promise<DeletedDagDto> {
    return this.removal.remove(dagId, query.cancelRuns === 'true');
  }
}
