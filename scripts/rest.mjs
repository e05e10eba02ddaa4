/** A few lines of REST: what the demo needs to talk to the public API, and nothing that a reader could not do with curl. */
import { Unready } from './bootstrap.mjs';

/** Talks to the API at `base`; an answer that is no success becomes one readable error. */
export function restClient(base) {
  async function call(method, path, { body, type = 'application/json', timeoutMs = 30_000 } = {}) {
    let response;
    try {
      response = await fetch(base + path, {
        method,
        body,
        headers: body === undefined ? {} : { 'content-type': type },
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw new Unready(`${method} ${base}${path}: no answer (${error.cause?.code ?? error.message}).`);
    }
    const text = await response.text();
    const json = text === '' ? undefined : JSON.parse(text);
    if (response.ok) return json;
    const issues = (json?.issues ?? []).map((issue) => `\n  ${issue.path || '/'}: ${issue.message} [${issue.code}]`).join('');
    throw new Unready(`${method} ${path}: ${response.status} ${json?.title ?? ''} ${json?.detail ?? ''}${issues}`);
  }
  return {
    base,
    get: (path, options) => call('GET', path, options),
    put: (path, body, type) => call('PUT', path, { body, type }),
    post: (path, body = {}) => call('POST', path, { body: JSON.stringify(body) }),
    /** All items of a list, page by page. */
    async *list(path) {
      for (let cursor; ; ) {
        const page = await call(
          'GET',
          `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
        );
        yield* page.items;
        cursor = page.nextCursor;
        if (!cursor) return;
      }
    },
    /** Server-sent events of `path`, taken up again after the last one when the connection breaks. */
    async *events(path, signal) {
      let lastEventId;
      for (let failures = 0; ; ) {
        try {
          const response = await fetch(base + path, {
            headers: { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) },
            signal,
          });
          if (!response.ok) throw new Unready(`GET ${path}: ${response.status} ${await response.text()}`);
          for await (const event of parseEvents(response.body)) {
            failures = 0;
            if (event.id) lastEventId = event.id;
            yield event;
          }
          return;
        } catch (error) {
          if (signal?.aborted || error instanceof Unready || ++failures > 5) throw error;
          await new Promise((resolve) => setTimeout(resolve, 500 * failures));
        }
      }
    },
  };
}

/** `text/event-stream` -> `{event, id, data}`; comments (heartbeats) are dropped, `data` is parsed JSON. */
export async function* parseEvents(stream) {
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const chunk of stream) {
    buffer += decoder.decode(chunk, { stream: true });
    const blocks = buffer.split(/\r?\n\r?\n/);
    buffer = blocks.pop();
    for (const block of blocks) {
      const fields = { data: [] };
      for (const line of block.split(/\r?\n/)) {
        const [, name, value] = /^([a-z]+)(?:: ?(.*))?$/.exec(line) ?? [];
        if (name === 'data') fields.data.push(value ?? '');
        else if (name) fields[name] = value;
      }
      if (fields.data.length > 0)
        yield { event: fields.event ?? 'message', id: fields.id, data: JSON.parse(fields.data.join('\n')) };
    }
  }
}
