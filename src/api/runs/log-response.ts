import type { Response } from 'express';
import type { LogQuery } from './dto/run-requests.dto.js';
import type { AttemptLog, NoLog, TaskLogs } from './task-logs.js';

/** What OpenAPI says of an answer that is a log. */
export const LOG_ANSWER = {
  content: { 'text/plain': { schema: { type: 'string' } } },
  headers: {
    'X-Log-Attempt': { description: 'The attempt that is shown', schema: { type: 'integer' } },
    'X-Next-Offset': { description: 'Where to read on; not with follow=true', schema: { type: 'integer' } },
  },
} as const;

/** Answers with a log: the piece from `offset` on, or all that is written until it is over. 204 with a reason where there is none. */
export async function sendLog(
  response: Response,
  logs: TaskLogs,
  log: AttemptLog | NoLog,
  { offset = 0, follow }: Pick<LogQuery, 'offset' | 'follow'>,
): Promise<void> {
  if ('reason' in log) {
    response.status(204).setHeader('X-Reason', log.reason).end();
    return;
  }
  response
    .status(200)
    .set({ 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', 'X-Log-Attempt': String(log.attempt) });
  if (follow === 'true') {
    response.flushHeaders();
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    for await (const text of logs.follow(log, offset, gone.signal)) response.write(text);
    response.end();
    return;
  }
  const piece = await logs.read(log, offset);
  response.setHeader('X-Next-Offset', String(piece.nextOffset)).end(piece.text);
}
