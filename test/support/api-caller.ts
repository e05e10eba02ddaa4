/** The answer to a call: its body parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into answers of every shape.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
  readonly text: string;
}

/** One event of a run's stream. */
export interface StreamedEvent {
  readonly event: string;
  readonly id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly data: any;
}

/** The REST interface of some Baton, as a client sees it. */
export abstract class ApiCaller {
  /** Base address, without a path. */
  abstract get address(): string;

  /** `path` from the root of the service; `body` as it is when text or bytes, else as JSON. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.address + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': raw ? 'application/yaml' : 'application/json' }), ...headers },
      body: body === undefined ? undefined : raw ? (body as string) : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
      text,
    };
  }

  get(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.call('GET', path, undefined, headers);
  }

  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.call('POST', path, body, headers);
  }

  /** Stores a spec as YAML text under its own id. */
  async put(yaml: string, headers?: Record<string, string>): Promise<Answer> {
    const id = /^id: (\S+)/m.exec(yaml)?.[1] ?? 'unknown';
    return this.call('PUT', `/api/v1/dags/${id}`, yaml, headers);
  }

  /** Starts a run and waits for its end. */
  async run(dagId: string, body: object = {}): Promise<Answer> {
    const started = await this.post(`/api/v1/dags/${dagId}/runs`, body);
    if (started.status !== 202) throw new Error(`the start was refused: ${started.text}`);
    return this.ended(started.body.runId);
  }

  /** The run once it is over. */
  async ended(runId: string): Promise<Answer> {
    let answer: Answer | undefined;
    await until(async () => {
      answer = await this.get(`${runPath(runId)}?wait=20s`);
      return answer.body?.endedAt !== undefined;
    });
    return answer as Answer;
  }

  /** Events of a run until the stream ends, or until `enough`. */
  async events(
    runId: string,
    options: { readonly lastEventId?: string; readonly enough?: (events: readonly StreamedEvent[]) => boolean } = {},
  ): Promise<StreamedEvent[]> {
    const gone = new AbortController();
    const response = await fetch(`${this.address}${runPath(runId)}/events`, {
      headers: options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId },
      signal: gone.signal,
    });
    const events: StreamedEvent[] = [];
    let rest = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = Object.fromEntries(
          block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        if (fields.data !== undefined) events.push({ event: fields.event ?? '', id: fields.id, data: JSON.parse(fields.data) });
      }
      if (options.enough?.(events)) break;
    }
    gone.abort();
    return events;
  }
}

/** Address path of a run. */
export const runPath = (runId: string): string => `/api/v1/runs/${encodeURIComponent(runId)}`;

/** Waits for something to become true, asking every 50 ms. */
export async function until(met: () => Promise<boolean> | boolean, timeoutMs = 60_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await met()); ) {
    if (Date.now() > end) throw new Error(`not met within ${timeoutMs} ms: ${met}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
