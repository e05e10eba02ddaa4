import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { runPath } from '../support/api-caller.js';
import { PostgresServer } from '../support/postgres-server.js';
import { TestService } from '../support/test-service.js';
import { StandInHost } from './stand-in-host.js';
import { trial } from './trial.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A run that is over, as REST tells of it. */
export interface EndedRun {
  // Tests look into answers of every shape.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly run: any;
  /** State by task id. */
  readonly states: { readonly [taskId: string]: string };
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly tasks: { readonly [taskId: string]: any };
}

/** A Baton with all that the pipelines name: hosts, files, programs, activities, a warehouse. */
export class TrialWorld {
  private constructor(
    readonly baton: TestService,
    readonly host: StandInHost,
    /** Folder of all files. */
    readonly lake: string,
    private readonly postgres: PostgresServer,
    private readonly warehouse: pg.Client,
  ) {}

  static async start(): Promise<TrialWorld> {
    const lake = mkdtempSync(join(tmpdir(), 'baton-lake-'));
    process.env['BATON_TEST_LAKE'] = lake;
    const [postgres, host] = await Promise.all([PostgresServer.start(), StandInHost.start()]);
    const warehouse = new pg.Client({ connectionString: postgres.address, options: '-c datestyle=ISO -c timezone=UTC' });
    await warehouse.connect();
    await warehouse.query(readFileSync(here('warehouse.sql'), 'utf8'));
    const baton = await TestService.start({
      BATON_ACTIVITIES: here('stand-ins.ts'),
      BATON_DATA_DIR: lake,
      BATON_ENABLE_TASK_TYPES: 'shell',
      BATON_HTTP_ALLOW_PRIVATE: '127.0.0.1',
      BATON_CONNECTION_WAREHOUSE: postgres.address,
      BATON_SECRET_USERS_API_TOKEN: 'letmein',
    });
    return new TrialWorld(baton, host, lake, postgres, warehouse);
  }

  async stop(): Promise<void> {
    await this.baton.stop();
    await this.warehouse.end();
    await this.postgres.stop();
    this.host.stop();
    rmSync(this.lake, { recursive: true, force: true });
  }

  /** Stores a pipeline; its version. @throws Error when it is refused, or warned about. */
  async store(file: string, change = (yaml: string): string => yaml): Promise<number> {
    const hosts = { 'https://api.example.org': this.host.address, 'https://hooks.example.org': this.host.address };
    const folders = { 's3://landing/': '', '/jobs': here('jobs'), '/scratch': join(this.lake, 'scratch') };
    const yaml = change(await trial(file, this.baton, { ...hosts, ...folders }));
    const { body } = await this.baton.put(yaml);
    if (body.version === undefined || body.issues?.length > 0) throw new Error(`${file}: ${JSON.stringify(body)}`);
    return body.version;
  }

  /** Starts a run and waits for its end. */
  async run(dagId: string, body: object = {}): Promise<EndedRun> {
    return this.ended((await this.baton.run(dagId, body)).body.runId);
  }

  /** The run once it is over. */
  async ended(runId: string): Promise<EndedRun> {
    const { body: run } = await this.baton.ended(runId);
    const { items } = (await this.baton.get(`${runPath(runId)}/tasks?limit=200`)).body;
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const tasks: EndedRun['tasks'] = Object.fromEntries(items.map((task: any) => [task.taskId, task]));
    const states = Object.fromEntries(Object.entries(tasks).map(([id, { state }]) => [id, state]));
    return { run, states, tasks };
  }

  /** Rows of the warehouse. */
  async query(text: string, values: readonly unknown[] = []): Promise<unknown[]> {
    return (await this.warehouse.query(text, [...values])).rows;
  }

  /** Writes files into a folder of the lake. */
  put(folder: string, files: { readonly [name: string]: string }): void {
    mkdirSync(join(this.lake, folder), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.lake, folder, name), text);
  }
}
