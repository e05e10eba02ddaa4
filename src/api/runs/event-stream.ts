import type { Response } from 'express';

/** A reader that falls this many bytes behind is cut off; it can go on with Last-Event-ID. */
const MAX_BEHIND = 8 * 1024 * 1024;
const HEARTBEAT_MS = 15_000;

/** One event of a stream. */
export interface StreamEvent {
  readonly event: string;
  /** Where a reader that was cut off goes on; absent = keeps the one before. */
  readonly id?: number;
  readonly data: unknown;
}

/** Server-sent events over one response. Sends a comment every 15 s, so that nobody in between takes the line for dead. */
export class EventStream {
  private readonly heartbeat: NodeJS.Timeout;

  constructor(private readonly response: Response) {
    response.status(200).set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    response.write('retry: 2000\n\n');
    this.heartbeat = setInterval(() => response.write(': heartbeat\n\n'), HEARTBEAT_MS);
    response.on('close', () => clearInterval(this.heartbeat));
  }

  send(events: readonly StreamEvent[]): void {
    if (this.response.destroyed || this.response.writableEnded || events.length === 0) return;
    this.response.write(events.map(eventText).join(''));
    if (this.response.writableLength > MAX_BEHIND) this.response.destroy();
  }

  end(): void {
    clearInterval(this.heartbeat);
    this.response.end();
  }
}

/** An event as it travels; JSON has no line breaks, so one `data` line is enough. */
export function eventText({ event, id, data }: StreamEvent): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** The revision after which a stream goes on, from Last-Event-ID; 0 = from the beginning, also where it is none of ours. */
export function lastEventId(header: string | undefined): number {
  const id = Number(header);
  return header !== undefined && /^\d{1,15}$/.test(header) ? id : 0;
}
