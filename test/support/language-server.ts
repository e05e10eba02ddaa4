import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly uri?: string;
    readonly items?: readonly unknown[];
    readonly diagnostics?: readonly Diagnostic[];
  };
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export interface Diagnostic {
  readonly message: string;
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
}

export interface CompletionItem {
  readonly label: string;
  readonly insertText?: string;
  readonly documentation?: string | { readonly value: string };
}

/** A position in a text is where this stands; it is taken out before the text is sent. */
export const CURSOR = '|';

/** The YAML language server that editors use, as a process of its own, spoken to in its protocol. */
export class LanguageServer {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly answers = new Map<number, (message: Message) => void>();
  private readonly diagnostics = new Map<string, (found: readonly Diagnostic[]) => void>();
  private received = Buffer.alloc(0);
  private lastId = 0;
  private documents = 0;

  private constructor(
    private readonly folder: string,
    private readonly settings: object,
  ) {
    const program = require.resolve('yaml-language-server/bin/yaml-language-server');
    this.child = spawn(process.execPath, [program, '--stdio'], { cwd: folder });
    this.child.stdout.on('data', (chunk: Buffer) => this.read(chunk));
  }

  /** `folder` is where its documents seem to lie; `settings` are those of section `yaml`. */
  static async start(folder: string, settings: object = {}): Promise<LanguageServer> {
    const server = new LanguageServer(folder, settings);
    await server.ask('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        textDocument: { completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } } },
        workspace: { configuration: true },
      },
    });
    server.tell('initialized', {});
    return server;
  }

  /** What is offered at the cursor. */
  async complete(text: string): Promise<readonly CompletionItem[]> {
    const { items } = (await this.at('textDocument/completion', text)) as { readonly items: readonly CompletionItem[] };
    return items;
  }

  /** What is shown at the cursor, in Markdown; empty for nothing. */
  async hover(text: string): Promise<string> {
    const shown = (await this.at('textDocument/hover', text)) as { readonly contents: { readonly value: string } } | null;
    return shown?.contents.value ?? '';
  }

  /** All that it says is wrong with a text. */
  async problems(text: string): Promise<readonly Diagnostic[]> {
    const uri = this.nextUri();
    const found = new Promise<readonly Diagnostic[]>((resolve) => this.diagnostics.set(uri, resolve));
    this.open(uri, text);
    return found;
  }

  async stop(): Promise<void> {
    await this.ask('shutdown', null);
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.tell('exit', null);
    await gone;
  }

  private at(method: string, text: string): Promise<unknown> {
    const before = text.slice(0, text.indexOf(CURSOR));
    const uri = this.nextUri();
    this.open(uri, text.replace(CURSOR, ''));
    const position = { line: before.split('\n').length - 1, character: before.length - before.lastIndexOf('\n') - 1 };
    return this.ask(method, { textDocument: { uri }, position });
  }

  private nextUri(): string {
    return pathToFileURL(`${this.folder}/document-${++this.documents}.yaml`).href;
  }

  private open(uri: string, text: string): void {
    this.tell('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
  }

  private async ask(method: string, params: unknown): Promise<unknown> {
    const id = ++this.lastId;
    const answer = new Promise<Message>((resolve) => this.answers.set(id, resolve));
    this.send({ id, method, params });
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  private tell(method: string, params: unknown): void {
    this.send({ method, params });
  }

  private send(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  private read(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.received.toString('latin1', 0, end))?.[1]);
      if (this.received.length < end + 4 + length) return;
      const body = this.received.toString('utf8', end + 4, end + 4 + length);
      this.received = this.received.subarray(end + 4 + length);
      this.take(JSON.parse(body) as Message);
    }
  }

  private take({ id, method, params, ...answer }: Message): void {
    if (method === undefined) this.answers.get(id as number)?.(answer);
    else if (method === 'workspace/configuration')
      this.send({ id, result: params?.items?.map((_, i) => (i === 0 ? this.settings : {})) });
    else if (method === 'textDocument/publishDiagnostics') this.diagnostics.get(params?.uri ?? '')?.(params?.diagnostics ?? []);
    else if (id !== undefined) this.send({ id, result: null });
  }
}
