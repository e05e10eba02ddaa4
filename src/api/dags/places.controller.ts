import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { DagIdPipe } from '../request/ids.pipe.js';
import { ActiveRunsService } from './active-runs.service.js';
import { DagsService } from './dags.service.js';
import { PlacesDto } from './dto/places.dto.js';

@ApiTags('dags')
@Controller(`${API}/dags/:dagId/places`)
export class PlacesController {
  constructor(
    private readonly dags: DagsService,
    private readonly activeRuns: ActiveRunsService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'How many runs of a DAG may be at work, which are, and which come next' })
  @ApiParam({ name: 'dagId' })
  @ApiOkResponse({ type: PlacesDto })
  @ApiProblems(400, 404, 410, 503)
  async get(@Param('dagId', DagIdPipe) dagId: string): Promise<PlacesDto> {
    return this.activeRuns.places(await this.dags.head(dagId));
  }
}
