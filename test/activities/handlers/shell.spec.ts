import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shellHandler } from '../../../activities/handlers/shell.js';
import type { Json } from '../../../src/dag/json.js';
import { taskContext } from './task-context.js';

interface ShellOutput {
  exitCode: number;
  stdout: Json;
}
const run = async (
  input: Json,
  settings: Parameters<typeof shellHandler>[0] = {},
  context = taskContext(),
): Promise<ShellOutput> => (await shellHandler(settings).run(input, await context)) as ShellOutput;
const script = (text: string): Json => ({ argv: ['/bin/sh', '-c', text] });

/** False for zombies too: they run nothing. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !/^\d+ \(.*\) Z/.test(stat);
}
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await condition()); ) {
    if (Date.now() > end) throw new Error('condition was not met in 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a shell task', () => {
  it('runs a program with its arguments as they are, no shell between', async () => {
    expect(await run({ argv: ['printf', '%s|', '$HOME', '`id`', '; rm -rf /', 5, null, { a: 1 }] })).toEqual({
      exitCode: 0,
      stdout: '$HOME|`id`|; rm -rf /|5||{"a":1}|',
    });
  });

  it('is told what it is given, and its memory is a limit of each of its processes', async () => {
    const given = taskContext('task', { cpu: 0.5, memory: 300 * 2 ** 20, storage: 1e9, gpu: 2, dwhSlots: 3 });
    const { stdout } = await run(
      script('env | grep -E "^BATON_(CPU|MEMORY|STORAGE|RESOURCE)" | sort; ulimit -d; sh -c "ulimit -d"; echo "$PWD$X$0"'),
      {},
      given,
    );
    expect((stdout as string).split('\n').slice(0, 7)).toEqual([
      'BATON_CPU=0.5',
      'BATON_MEMORY=314572800',
      'BATON_RESOURCE_dwhSlots=3',
      'BATON_RESOURCE_gpu=2',
      'BATON_STORAGE=1000000000',
      '307200',
      '307200',
    ]);
  });

  it('with a limit of memory gets its arguments, environment and exit code as without', async () => {
    const limited = () => taskContext('task', { memory: 2 ** 30 });
    const argv = ['printf', '%s|', '$HOME', '`id`', '; rm -rf /', '-d', '"', "'", 5, ''];
    expect(await run({ argv }, {}, limited())).toEqual(await run({ argv }));
    const environment = async (context = taskContext()): Promise<string[]> =>
      ((await run({ argv: ['/usr/bin/env'], env: { SHLVL: '7' } }, {}, context)).stdout as string)
        .split('\n')
        .map((line) => line.replace(/^HOME=.*/, 'HOME'))
        .filter((line) => !line.startsWith('BATON_MEMORY'))
        .sort();
    expect(await environment(limited())).toEqual(await environment());
    const failing = { argv: ['/bin/sh', '-c', 'exit 127'] };
    await expect(run(failing, {}, limited())).rejects.toMatchObject({ type: 'ShellExitError', details: { exitCode: 127 } });
  });

  it.each([['no-such-program'], ['./no-such-program'], ['/']])(
    'with a limit of memory says that %s cannot be started',
    async (file) => {
      await expect(run({ argv: [file] }, {}, taskContext('task', { memory: 2 ** 30 }))).rejects.toMatchObject({
        type: 'ShellStartError',
        retryable: false,
      });
    },
  );

  it('parses standard output as JSON where asked to', async () => {
    expect((await run({ argv: ['echo', '{"rows": 3}'], stdout: 'json' })).stdout).toEqual({ rows: 3 });
    await expect(run({ argv: ['echo', 'no'], stdout: 'json' })).rejects.toMatchObject({ type: 'ShellOutputNotJson' });
  });

  it('gives a clean environment, the facts of the run and a home of its own', async () => {
    process.env.BATON_TEST_LEAK = 'leaked';
    const { stdout } = await run({ argv: ['env'], env: { MINE: 'x', N: 1 } });
    delete process.env.BATON_TEST_LEAK;
    const env = Object.fromEntries(
      (stdout as string)
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s).slice(0, 2)),
    );
    expect(env).toMatchObject({
      MINE: 'x',
      N: '1',
      LANG: 'C.UTF-8',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      BATON_RUN_ID: 'd@k',
      BATON_TASK_ID: 'task',
      BATON_ATTEMPT: '1',
      BATON_IDEMPOTENCY_KEY: '0123456789abcdef0123456789abcdef',
    });
    expect(
      Object.keys(env)
        .filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))
        .sort(),
    ).toEqual(['BATON_ATTEMPT', 'BATON_IDEMPOTENCY_KEY', 'BATON_RUN_ID', 'BATON_TASK_ID', 'HOME', 'LANG', 'MINE', 'N', 'PATH']);
    await expect(readFile(env.HOME as string)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('gives stdin, and an empty one without', async () => {
    expect((await run({ argv: ['cat'], stdin: 'in' })).stdout).toBe('in');
    expect((await run({ argv: ['cat'] })).stdout).toBe('');
    expect((await run({ argv: ['true'], stdin: 'x'.repeat(1_000_000) })).exitCode).toBe(0);
  });

  it('fails with the exit code or signal, and keeps stderr and the end of stdout in the log', async () => {
    const context = await taskContext();
    await expect(run(script('echo out; echo wrong >&2; exit 3'), {}, Promise.resolve(context))).rejects.toMatchObject({
      type: 'ShellExitError',
      details: { exitCode: 3 },
    });
    expect(await context.logText()).toMatch(/stderr wrong\n.*stdout out\n/);
    await expect(run(script('kill -9 $$'))).rejects.toMatchObject({
      type: 'ShellExitError',
      details: { exitCode: null, signal: 'SIGKILL' },
    });
  });

  it.each([
    [{}],
    [{ argv: [] }],
    [{ argv: 'ls' }],
    [{ argv: [''] }],
    [{ argv: ['echo', 'a\0b'] }],
    [{ argv: ['ls'], stdout: 'xml' }],
    [{ argv: ['ls'], env: [] }],
  ])('refuses the input %j', async (input) => {
    await expect(run(input as Json)).rejects.toMatchObject({ type: 'BadInput', retryable: false });
  });

  it('names a program that is not there or may not run', async () => {
    await expect(run({ argv: ['no-such-program-here'] })).rejects.toMatchObject({ type: 'ShellStartError', retryable: false });
    const file = join(await mkdtemp(join(tmpdir(), 'baton-sh-')), 'plain');
    await writeFile(file, 'x', { mode: 0o600 });
    await expect(run({ argv: [file] })).rejects.toMatchObject({ type: 'ShellStartError', details: { code: 'EACCES' } });
    await expect(run({ argv: ['ls'], cwd: '/no/such/folder' })).rejects.toMatchObject({ type: 'ShellStartError' });
  });

  it('ends a program whose output is too large', async () => {
    await expect(run({ argv: ['yes'] }, { maxStdoutBytes: 100_000 })).rejects.toMatchObject({
      type: 'ShellOutputTooLarge',
      retryable: false,
    });
  });

  it.each([
    ['that end by SIGTERM', 'sleep 100 & echo $! > PIDS; sleep 100 & echo $! >> PIDS; echo $$ >> PIDS; wait'],
    [
      'that ignore SIGTERM',
      "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ >> PIDS; while :; do sleep 1; done' & echo $$ >> PIDS; while :; do sleep 1; done",
    ],
  ])('ends its whole process group when cancelled, with children %s', async (_, text) => {
    const folder = await mkdtemp(join(tmpdir(), 'baton-group-'));
    const context = await taskContext();
    const running = run(script(text.replaceAll('PIDS', join(folder, 'pids'))), { killAfterMs: 300 }, Promise.resolve(context));
    running.catch(() => undefined);
    const pids = async (): Promise<number[]> =>
      (await readFile(join(folder, 'pids'), 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number);
    await until(async () => (await pids()).length >= (text.includes('trap') ? 2 : 3));
    context.abort.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
    for (const pid of await pids()) expect(await isRunning(pid)).toBe(false);
  });

  it('ends what a program left behind in its group, and does not wait for it', async () => {
    const startedAt = Date.now();
    const { stdout } = await run(script('sleep 100 & echo $!'));
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    expect(await isRunning(Number(stdout))).toBe(false);
  });

  it('does not begin when it is cancelled already', async () => {
    const context = await taskContext();
    context.abort.abort(new Error('cancelled'));
    await expect(run({ argv: ['touch', '/tmp/baton-must-not-exist'] }, {}, Promise.resolve(context))).rejects.toThrow(
      'cancelled',
    );
  });
});
