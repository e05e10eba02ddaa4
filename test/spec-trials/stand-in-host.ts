import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What was asked, its body parsed. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: { readonly [name: string]: string };
  readonly headers: IncomingHttpHeaders;
  // Tests look into bodies of every shape.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
}

/** In place of the hosts that pipelines call: takes whatever is posted, and answers the other calls as it was told. */
export class StandInHost {
  readonly asked: Asked[] = [];
  private readonly answers = new Map<string, { readonly status: number; readonly body: unknown }[]>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<StandInHost> {
    const server = createServer();
    const host = new StandInHost(server);
    server.on('request', async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      const url = new URL(request.url as string, host.address);
      const { method = '', headers } = request;
      const asked = { method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers };
      host.asked.push({ ...asked, body: text === '' ? undefined : JSON.parse(text) });
      const answers = host.answers.get(`${url.pathname}${url.search}`) ?? [];
      // The last one stays.
      const { status, body } = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 200, body: {} };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return host;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What to answer to a path with its query, in order; the last answer is for all further calls, too. */
  willAnswer(path: string, ...answers: { readonly status: number; readonly body: unknown }[]): void {
    this.answers.set(path, answers);
  }

  /** Bodies that were posted to a path by one run. */
  posted(path: string, runId: string): unknown[] {
    return this.asked.filter((call) => call.path === path && call.body?.run === runId).map(({ body }) => body);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
