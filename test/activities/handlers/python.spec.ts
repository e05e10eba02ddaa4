import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSettings } from '../../../activities/activity-deps.js';
import { pythonHandler } from '../../../activities/handlers/python.js';
import type { TaskHandler } from '../../../activities/task-handler.js';
import type { Json, JsonObject } from '../../../src/dag/json.js';
import type { Scope } from '../../../src/dag/scope.js';
import { NO_PYTHON, PYTHON } from '../../support/python.js';
import { taskContext } from './task-context.js';

const environment = { PATH: process.env.PATH, HOME: process.env.HOME, PIP_NO_INDEX: '1' };

if (PYTHON === undefined) console.warn(NO_PYTHON);

describe.skipIf(PYTHON === undefined)('a python task', () => {
  let folder: string;
  let settings: PythonSettings;
  let usual: TaskHandler;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'baton-python-'));
    settings = { environment, environmentsFolder: join(folder, 'environments'), dataFolder: folder };
    usual = pythonHandler(settings);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function run(input: JsonObject, more?: PythonSettings, context = taskContext(), scope: Scope = {}): Promise<Json> {
    const handler = more === undefined ? usual : pythonHandler({ ...settings, ...more });
    return (await handler.run(handler.prepare!(input).render(scope), await context)) as Json;
  }
  const script = (...lines: string[]): string => lines.join('\n');

  it.skipIf(process.platform !== 'linux')('has no more memory than it is given, and is told so', async () => {
    const code = script('import os', 'def main(n):', '    return len(bytearray(n)) and os.environ["BATON_MEMORY"]');
    const given = (): ReturnType<typeof taskContext> => taskContext('task', { memory: 256 * 2 ** 20 });
    expect(await run({ script: code, args: [2 ** 20] }, undefined, given())).toBe(String(256 * 2 ** 20));
    await expect(run({ script: code, args: [2 ** 30] }, undefined, given())).rejects.toMatchObject({ type: 'MemoryError' });
  });

  it('calls main with args by name or in order and returns what it returns', async () => {
    const code = script('def main(rows, factor=2):', '    return {"sum": sum(r["n"] for r in rows) * factor, "text": "ü\\n"}');
    const scope: Scope = { params: { rows: [{ n: 1 }, { n: 2 }] } };
    expect(await run({ script: code, args: { rows: '${{ params.rows }}' } }, undefined, taskContext(), scope)).toEqual({
      sum: 6,
      text: 'ü\n',
    });
    expect(await run({ script: code, args: [[{ n: 5 }], 10] })).toEqual({ sum: 50, text: 'ü\n' });
    expect(await run({ script: 'def main(): pass' })).toBeNull();
    expect(await run({ script: script('async def go():', '    return [1, 2.5, None, True, (3,)]'), function: 'go' })).toEqual([
      1,
      2.5,
      null,
      true,
      [3],
    ]);
  });

  it('never takes a value for code', async () => {
    const code = script('def main(x):', '    return x');
    const evil = '"); import os; os._exit(7) #';
    expect(await run({ script: code, args: { x: '${{ params.evil }}' } }, undefined, taskContext(), { params: { evil } })).toBe(
      evil,
    );
    // Braces of Python stay as they are.
    expect(await run({ script: script('def main():', "    return f'${{1 + 1}} ${1 + 1}'") })).toBe('${1 + 1} $2');
  });

  it('reads a file below the data folder, and what stands beside it', async () => {
    await mkdir(join(folder, 'tasks'));
    await writeFile(
      join(folder, 'tasks', 'score.py'),
      'from weights import W\nif __name__ == "__main__":\n    raise SystemExit(1)\ndef main(n):\n    return n * W\n',
    );
    await writeFile(join(folder, 'tasks', 'weights.py'), 'W = 3\n');
    expect(await run({ file: 'tasks/score.py', args: [7] })).toBe(21);
    await expect(run({ file: 'tasks/none.py' })).rejects.toMatchObject({ type: 'FileNotFoundError' });
  });

  it('puts what it prints into the log as it comes, and the traceback of an exception, whose class is the type of the failure', async () => {
    const context = await taskContext();
    const code = script(
      'import sys, dataclasses',
      'class RateLimited(Exception): pass',
      '@dataclasses.dataclass',
      'class Row: n: int',
      'def main():',
      '    print("to out", Row(1)); print("to err", file=sys.stderr)',
      '    raise RateLimited("try later")',
    );
    await expect(run({ script: code }, undefined, Promise.resolve(context))).rejects.toMatchObject({
      type: 'RateLimited',
      message: 'try later',
      kind: 'error',
      retryable: true,
    });
    const log = await context.logText();
    expect(log).toMatch(/stdout to out Row\(n=1\)\n/);
    expect(log).toMatch(/stderr to err\n/);
    expect(log).toMatch(
      /stderr Traceback.*\n.*File "<script>", line 7, in main\n.*raise RateLimited\("try later"\)\n.*RateLimited: try later\n/,
    );
    expect(log).not.toContain('<string>');
  });

  it.each([
    ['a syntax error', 'def main(:', 'SyntaxError', false],
    ['a module that is not there', 'import no_such_module_here', 'ModuleNotFoundError', false],
    ['no function', 'x = 1', 'PythonFunctionMissing', false],
    ['arguments that do not fit', 'def main(a): pass', 'PythonArgumentsMismatch', false],
    ['a type error inside', 'def main():\n    return len(1)', 'TypeError', true],
    ['no JSON', 'import datetime\ndef main():\n    return [datetime.date.today()]', 'PythonOutputNotJson', false],
    ['no number of JSON', 'def main():\n    return float("nan")', 'PythonOutputNotJson', false],
    ['a whole number that JSON cannot hold', 'def main():\n    return {"a": [2**53]}', 'NumberTooLarge', false],
    ['an exit code', 'def main():\n    raise SystemExit(3)', 'PythonExitError', true],
    ['a signal', 'import os\ndef main():\n    os.kill(os.getpid(), 9)', 'PythonExitError', true],
    ['an exception without words', 'def main():\n    assert 1 == 2', 'AssertionError', true],
  ])('names the failure: %s', async (_, code, type, retryable) => {
    const failure = await run({ script: code }).catch((error) => error);
    expect(failure).toMatchObject({ type, retryable });
    expect(failure.message).not.toBe('');
    if (code.includes('SystemExit')) expect(failure.details).toEqual({ exitCode: 3 });
  });

  it('ends with success on sys.exit(0), and refuses an output that is too large', async () => {
    expect(await run({ script: 'import sys\ndef main(): sys.exit(0)' })).toBeNull();
    await expect(run({ script: 'def main(): return "x" * 2000' }, { maxOutputBytes: 1000 })).rejects.toMatchObject({
      type: 'PythonOutputTooLarge',
    });
  });

  it('gives a clean environment, an empty standard input, a home of its own and the facts of the run', async () => {
    process.env.BATON_TEST_LEAK = 'leaked';
    const code = script(
      'import os, sys',
      'def main():',
      '    return {"env": dict(os.environ), "stdin": sys.stdin.read(), "cwd": os.getcwd(), "child": os.popen("cat").read()}',
    );
    const output = (await run({ script: code, env: { MINE: 'x', N: 1 } })) as unknown as {
      env: Record<string, string>;
      stdin: string;
      cwd: string;
      child: string;
    };
    delete process.env.BATON_TEST_LEAK;
    const { env, stdin, cwd, child } = output;
    expect(env).toMatchObject({
      MINE: 'x',
      N: '1',
      LANG: 'C.UTF-8',
      HOME: cwd,
      BATON_RUN_ID: 'd@k',
      BATON_TASK_ID: 'task',
      BATON_ATTEMPT: '1',
    });
    expect(env.BATON_IDEMPOTENCY_KEY).toBe('0123456789abcdef0123456789abcdef');
    const known = [
      'BATON_ATTEMPT',
      'BATON_IDEMPOTENCY_KEY',
      'BATON_RUN_ID',
      'BATON_TASK_ID',
      'HOME',
      'LANG',
      'LC_CTYPE',
      'MINE',
      'N',
      'PATH',
    ];
    expect(Object.keys(env).filter((name) => !known.includes(name))).toEqual([]);
    expect([stdin, child]).toEqual(['', '']);
    await expect(readdir(cwd)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('dies as a whole group when the task is cancelled', async () => {
    const context = await taskContext();
    const file = join(folder, 'pids');
    const code = script(
      'import os, subprocess, time',
      'def main(file):',
      '    child = subprocess.Popen(["sleep", "600"])',
      '    with open(file + ".part", "w") as f: f.write("%d %d" % (os.getpid(), child.pid))',
      '    os.rename(file + ".part", file)',
      '    time.sleep(600)',
    );
    const running = run({ script: code, args: [file] }, undefined, Promise.resolve(context));
    const failed = running.catch((error) => error);
    let pids: string[] = [];
    while (pids.length === 0) pids = (await readFile(file, 'utf8').catch(() => '')).split(' ').filter((pid) => pid !== '');
    const reason = new Error('cancelled');
    context.abort.abort(reason);
    expect(await failed).toBe(reason);
    for (const pid of pids) expect(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'Z')).toMatch(/^Z$|\) [ZX] /);
  });

  it('says that there is no Python', async () => {
    await expect(run({ script: 'def main(): pass' }, { program: 'no-such-python' })).rejects.toMatchObject({
      type: 'PythonMissing',
      retryable: false,
    });
    await expect(run({ script: 'def main(): pass' }, { program: 'false' })).rejects.toMatchObject({ type: 'PythonMissing' });
  });

  it.each<JsonObject>([
    {},
    { script: 'x', file: 'y' },
    { script: 1 },
    { script: 'x', args: 'text' },
    { script: 'x', requirements: 'six' },
    { script: 'x', requirements: ['--index-url=https://example.org'] },
    { script: 'x', requirements: ['six\n-e .'] },
  ])('refuses the input %j', async (input) => {
    await expect(run(input)).rejects.toMatchObject({ type: 'BadInput', retryable: false });
  });

  describe('with requirements', () => {
    let greeter: string;
    const code = script('import greeter, sys', 'def main():', '    return [greeter.WORDS, sys.prefix != sys.base_prefix]');
    beforeAll(async () => {
      greeter = await wheel(folder, 'greeter', 'WORDS = "hello"\n');
      // What a killed worker left two days ago, and what another one builds at this moment.
      const environments = join(folder, 'environments');
      await mkdir(join(environments, `${'0'.repeat(32)}-old`), { recursive: true });
      await mkdir(join(environments, `${'1'.repeat(32)}-new`));
      await utimes(join(environments, `${'0'.repeat(32)}-old`), new Date(), new Date(Date.now() - 2 * 86_400_000));
    });

    it('installs them once for all tasks and processes, and only then', async () => {
      const input = { script: code, requirements: [greeter] };
      // Two handlers know nothing of each other, as two workers; the second task of each waits for the first.
      const contexts = await Promise.all([1, 2, 3].map(() => taskContext()));
      const one = pythonHandler(settings);
      const both = await Promise.all([
        one.run(input, contexts[0]!),
        one.run(input, contexts[1]!),
        run(input, {}, Promise.resolve(contexts[2]!)),
      ]);
      expect(both).toEqual([1, 2, 3].map(() => ['hello', true]));
      const names = async () => (await readdir(join(folder, 'environments'))).filter((name) => !/^1+-new$/.test(name)).sort();
      // What others left is deleted once a task is over, which no task waits for.
      await expect
        .poll(names)
        .toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^(?!0+-old)[0-9a-f]{32}-/)]);
      const logs = await Promise.all(contexts.map((context) => context.logText()));
      // Of those two either may come first; whether the other worker still finds nothing there is a matter of time.
      const installed = logs.map((log) => log.includes('installing '));
      expect(installed[0]).toBe(!installed[1]);
      const later = await taskContext();
      expect(await run(input, undefined, Promise.resolve(later))).toEqual(['hello', true]);
      expect(await later.logText()).toBe('');
    }, 60_000);

    it('says what pip said, and leaves nothing behind', async () => {
      const before = await readdir(join(folder, 'environments'));
      await expect(run({ script: code, requirements: ['no-such-package-of-ours==1'] })).rejects.toMatchObject({
        type: 'PythonRequirementsError',
        message: expect.stringMatching(/no-such-package-of-ours==1: ERROR: /),
      });
      expect(await readdir(join(folder, 'environments'))).toEqual(before);
    }, 60_000);

    it('stops the installation when the last task that waits for it is cancelled', async () => {
      const contexts = await Promise.all([taskContext(), taskContext()]);
      const handler = pythonHandler(settings);
      const before = await readdir(join(folder, 'environments'));
      const ends = contexts.map((context) =>
        handler.run({ script: code, requirements: [`${greeter} `, 'other'] }, context).catch((error: unknown) => error),
      );
      while ((await readdir(join(folder, 'environments'))).length === before.length);
      contexts[0]!.abort.abort(new Error('first'));
      expect(await ends[0]).toMatchObject({ message: 'first' });
      expect((await readdir(join(folder, 'environments'))).length).toBe(before.length + 1);
      contexts[1]!.abort.abort(new Error('second'));
      expect(await ends[1]).toMatchObject({ message: 'second' });
      expect(await readdir(join(folder, 'environments'))).toEqual(before);
    }, 60_000);
  });
});

/** A package of one module, as pip installs it without any tool and any network. */
async function wheel(folder: string, name: string, module: string): Promise<string> {
  const file = join(folder, `${name}-1.0-py3-none-any.whl`);
  const info = `${name}-1.0.dist-info`;
  const files = {
    [`${name}.py`]: module,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: `${name}.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  };
  const zip =
    'import json, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as z:\n    [z.writestr(n, t) for n, t in json.load(sys.stdin).items()]';
  execFileSync(PYTHON as string, ['-c', zip, file], { input: JSON.stringify(files) });
  return file;
}
