import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { TASK_TYPES } from '../../dag/task-type.js';
import { specSchema } from '../../spec/spec-schema.js';
import { QueueGateway } from '../../temporal/queue-gateway.js';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { ApiSettings } from '../settings.js';
import { type QueueDto, QueueListDto } from './queue.dto.js';
import { TaskTypeListDto } from './task-type.dto.js';

/** Task types that stay off until they are enabled by name. */
const OFF_BY_DEFAULT: ReadonlySet<string> = new Set(['shell', 'python']);

@ApiTags('language')
@Controller(API)
export class CatalogueController {
  constructor(
    private readonly settings: ApiSettings,
    private readonly queues: QueueGateway,
  ) {}

  @Get('task-types')
  @ApiOperation({ summary: 'Task types that DAGs may use' })
  @ApiOkResponse({ type: TaskTypeListDto })
  taskTypes(): TaskTypeListDto {
    const items = Object.entries(TASK_TYPES).map(([type, { summary, carriedOutBy }]) => ({
      type,
      summary,
      carriedOutBy,
      enabled: !OFF_BY_DEFAULT.has(type) || this.settings.enabledTaskTypes.includes(type),
    }));
    return { items };
  }

  @Get('queues')
  @ApiOperation({ summary: "Task queues of Baton's own workers, and whether anybody works on them" })
  @ApiOkResponse({ type: QueueListDto })
  @ApiProblems(400, 503)
  async queuesOfOurs(): Promise<QueueListDto> {
    const items = await Promise.all(
      this.settings.ownQueues.map(
        async (name, i): Promise<QueueDto> => ({ name, default: i === 0, workers: await this.queues.activityPollers(name) }),
      ),
    );
    return { items };
  }

  @Get('schema')
  @Header('Content-Type', 'application/schema+json')
  @ApiOperation({ summary: 'JSON Schema of a DAG spec, for editors' })
  @ApiOkResponse({ content: { 'application/schema+json': { schema: { type: 'object', additionalProperties: true } } } })
  schema(): object {
    return specSchema();
  }
}
