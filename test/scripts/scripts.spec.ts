import { describe, expect, it } from 'vitest';
import { checkNode } from '../../scripts/bootstrap.mjs';
import { duration, row } from '../../scripts/demo-report.mjs';
import { parseEvents } from '../../scripts/rest.mjs';

describe('the check of the Node version', () => {
  it.each(['18.20.4', '20.18.3', '16.0.0'])('refuses %s and says what is needed', (version) => {
    expect(() => checkNode(version)).toThrow(/too old: Baton needs 20\.19/);
  });

  it.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0'])('takes %s', (version) => {
    expect(() => checkNode(version)).not.toThrow();
  });
});

describe('the reader of server-sent events', () => {
  async function read(chunks: readonly string[]): Promise<unknown[]> {
    const bytes = chunks.map((chunk) => new TextEncoder().encode(chunk));
    const events: unknown[] = [];
    for await (const event of parseEvents(bytes)) events.push(event);
    return events;
  }

  it('reads events whatever the network makes of them', async () => {
    const text = 'event: task\nid: 7\ndata: {"a": "ä"}\n\n: heartbeat\n\nevent: run\ndata: {"b":\ndata: 2}\n\n';
    const expected = [
      { event: 'task', id: '7', data: { a: 'ä' } },
      { event: 'run', id: undefined, data: { b: 2 } },
    ];
    expect(await read([text])).toEqual(expected);
    expect(await read([...text])).toEqual(expected);
  });

  it('drops an event that was cut off', async () => {
    expect(await read(['event: task\ndata: {"a"'])).toEqual([]);
  });
});

describe('the lines of the demo', () => {
  it('show progress, state, time, and which attempt it took', () => {
    const task = {
      taskId: 'fetch',
      state: 'success',
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T00:00:01.200Z',
      attempts: [{ attempt: 1, failure: { kind: 'error', type: 'SourceNotReady' } }, { attempt: 2 }],
    };
    expect(row(task, 3, 12)).toBe('[ 3/12] success   fetch                   1.2 s  attempt 2, after SourceNotReady');
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_200, '1.2 s'],
    [125_000, '2 min 5 s'],
  ])('say %i ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});
