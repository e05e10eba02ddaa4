import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { DagIdPipe } from '../request/ids.pipe.js';
import { QueryNames } from '../request/query-names.guard.js';
import { DagScheduleService } from './dag-schedule.service.js';
import { DagScheduleDto, ScheduleQuery } from './dto/schedule.dto.js';

@ApiTags('dags')
@Controller(`${API}/dags/:dagId/schedule`)
export class DagScheduleController {
  constructor(private readonly schedules: DagScheduleService) {}

  @Get()
  @QueryNames(['count'])
  @ApiOperation({ summary: 'When a DAG runs by itself: the next times, the last ones and their runs, and what was missed' })
  @ApiParam({ name: 'dagId' })
  @ApiOkResponse({ type: DagScheduleDto })
  @ApiProblems(400, 404, 410, 503)
  get(@Param('dagId', DagIdPipe) dagId: string, @Query() { count = 10 }: ScheduleQuery): Promise<DagScheduleDto> {
    return this.schedules.get(dagId, count);
  }
}
