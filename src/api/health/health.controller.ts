import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { LiveDto, ReadyDto } from './health.dto.js';
import { Readiness } from './readiness.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @ApiOperation({ summary: 'The process answers' })
  @ApiOkResponse({ type: LiveDto })
  live(): LiveDto {
    return { status: 'live' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Temporal can be reached and the worker polls' })
  @ApiOkResponse({ type: ReadyDto })
  @ApiServiceUnavailableResponse({ type: ReadyDto })
  async ready(@Res({ passthrough: true }) response: Response): Promise<ReadyDto> {
    const { temporal, worker } = await this.readiness.state();
    const ready = temporal && worker !== false;
    if (!ready) response.status(503).setHeader('Retry-After', '2');
    response.setHeader('Cache-Control', 'no-store');
    return { status: ready ? 'ready' : 'not_ready', temporal, worker };
  }
}
