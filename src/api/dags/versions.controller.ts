import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Json } from '../../dag/json.js';
import { VersionStore } from '../../temporal/version-store.js';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { DagIdPipe, VersionPipe } from '../request/ids.pipe.js';
import { versionView } from './dag-view.js';
import { DagsService } from './dags.service.js';
import { SpecDiffDto, VersionDetailDto, VersionListDto } from './dto/version.dto.js';
import { diffSpecs } from './spec-diff.js';

@ApiTags('dags')
@ApiParam({ name: 'dagId' })
@Controller(`${API}/dags/:dagId/versions`)
export class VersionsController {
  constructor(
    private readonly dags: DagsService,
    private readonly versions: VersionStore,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Versions of a DAG, newest first; readable after it was deleted' })
  @ApiOkResponse({ type: VersionListDto })
  @ApiProblems(400, 404, 503)
  async list(@Param('dagId', DagIdPipe) dagId: string): Promise<VersionListDto> {
    return { items: (await this.dags.versionList(dagId)).map((header) => versionView(dagId, header)) };
  }

  @Get(':version')
  @ApiOperation({ summary: 'One version with its spec and the text as it was sent' })
  @ApiParam({ name: 'version' })
  @ApiOkResponse({ type: VersionDetailDto })
  @ApiProblems(400, 404, 503)
  async get(
    @Param('dagId', DagIdPipe) dagId: string,
    @Param('version', VersionPipe) version: number,
  ): Promise<VersionDetailDto> {
    const header = await this.dags.version(dagId, version);
    const { spec, text, mediaType } = await this.versions.spec(header);
    return { ...versionView(dagId, header), spec, text, mediaType };
  }

  @Get(':from/diff/:to')
  @ApiOperation({ summary: 'How one version differs from another' })
  @ApiParam({ name: 'from' })
  @ApiParam({ name: 'to' })
  @ApiOkResponse({ type: SpecDiffDto })
  @ApiProblems(400, 404, 503)
  async diff(
    @Param('dagId', DagIdPipe) dagId: string,
    @Param('from', VersionPipe) from: number,
    @Param('to', VersionPipe) to: number,
  ): Promise<SpecDiffDto> {
    const [before, after] = await Promise.all(
      [from, to].map(
        async (version) => (await this.versions.spec(await this.dags.version(dagId, version))).spec as unknown as Json,
      ),
    );
    return { dagId, from, to, changes: diffSpecs(before as Json, after as Json) };
  }
}
