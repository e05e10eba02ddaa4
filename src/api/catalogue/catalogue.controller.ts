import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { TASK_TYPES } from '../../dag/task-type.js';
import { QueueGateway } from '../../temporal/queue-gateway.js';
import { API } from '../base-path.js';
import { ApiProblems } from '../errors/api-problems.js';
import { etagOf, matchesTag } from '../request/etag.js';
import { ETAG } from '../response-headers.js';
import { ApiSettings } from '../settings.js';
import { type QueueDto, QueueListDto } from './queue.dto.js';
import { SchemaDocument } from './schema-document.js';
import { TaskTypeListDto } from './task-type.dto.js';

/** Task types that stay off until they are enabled by name. */
const OFF_BY_DEFAULT: ReadonlySet<string> = new Set(['shell', 'python']);

@ApiTags('language')
@Controller(API)
export class CatalogueController {
  private readonly document = new SchemaDocument();

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
  @ApiOperation({ summary: 'JSON Schema (draft-07) of a DAG spec, for editors' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'The ETag that is known already: then 304 without a body' })
  @ApiOkResponse({
    headers: ETAG,
    content: { 'application/schema+json': { schema: { type: 'object', additionalProperties: true } } },
  })
  @ApiResponse({ status: 304, description: 'The schema still has that ETag' })
  schema(@Headers('if-none-match') ifNoneMatch: string | undefined, @Res() response: Response): void {
    const { text, sha256 } = this.document;
    // Editors ask again at each start; an upgrade of the service is seen at once.
    response.set({ ETag: etagOf(sha256), 'Cache-Control': 'no-cache' });
    if (matchesTag(ifNoneMatch, sha256)) response.status(304).end();
    else response.status(200).type('application/schema+json').send(text);
  }
}
