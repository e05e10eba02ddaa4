import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/api/errors/problem.js';
import { expectationOf, matchesTag } from '../../src/api/request/etag.js';
import { isLoopbackBind } from '../../src/api/request/host-check.js';
import { DagIdPipe, RunIdPipe, TaskIdPipe, VersionPipe } from '../../src/api/request/ids.pipe.js';
import { readJson } from '../../src/api/request/json-body.js';
import { decodeCursor, encodeCursor, pageLimit } from '../../src/api/request/page.js';
import { RouteTable } from '../../src/api/request/route-table.js';
import { readSpecText } from '../../src/api/request/spec-body.js';

/** Code of the problem that `act` throws. */
function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  return 'none';
}

const json = (text: string | Buffer, type: string | undefined = 'application/json') => ({
  headers: { 'content-type': type },
  body: Buffer.from(text),
});

describe('a JSON body', () => {
  it('is parsed', () => expect(readJson(json('{"a":[1]}'))).toEqual({ a: [1] }));
  it('may be absent', () => expect(readJson({ headers: {} })).toEqual({}));
  it('may name UTF-8', () => expect(readJson(json('{}', 'application/json; charset="UTF-8"'))).toEqual({}));
  it('of another charset is refused', () =>
    expect(codeOf(() => readJson(json('{}', 'application/json; charset=latin1')))).toBe('unsupported_media_type'));
  it('of another type is refused', () =>
    expect(codeOf(() => readJson(json('{}', 'text/plain')))).toBe('unsupported_media_type'));
  it('without a type is refused', () =>
    expect(codeOf(() => readJson({ headers: {}, body: Buffer.from('{}') }))).toBe('unsupported_media_type'));
  it('that is no JSON is refused, without quoting it', () => {
    expect(codeOf(() => readJson(json('{"password": hunter2}')))).toBe('malformed_json');
    try {
      readJson(json('{"password": hunter2}'));
    } catch (error) {
      expect((error as Problem).detail).not.toContain('hunter2');
    }
  });
  it('that is no UTF-8 is refused', () =>
    expect(codeOf(() => readJson(json(Buffer.from([0x7b, 0xff, 0x7d]))))).toBe('malformed_json'));
  it('that is nested very deeply is refused', () =>
    expect(codeOf(() => readJson(json('['.repeat(100_000) + ']'.repeat(100_000))))).toBe('too_deep'));
});

describe('a spec body', () => {
  it('is YAML or JSON by its media type', () => {
    expect(readSpecText(json('id: a', 'application/yaml')).format).toBe('yaml');
    expect(readSpecText(json('id: a', 'text/yaml; charset=utf-8')).format).toBe('yaml');
    expect(readSpecText(json('{}')).format).toBe('json');
  });
  it('that is empty, without a type, is an empty YAML', () =>
    expect(readSpecText({ headers: {} })).toMatchObject({ format: 'yaml', bytes: { length: 0 } }));
  it('of another media type is refused', () => {
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data', '__proto__']) {
      expect(codeOf(() => readSpecText(json('id: a', type)))).toBe('unsupported_media_type');
    }
  });
});

describe('ids', () => {
  it('of DAGs follow one alphabet', () => {
    for (const id of ['a', 'A.b-c_1', 'constructor', 'x'.repeat(128)]) expect(new DagIdPipe().transform(id)).toBe(id);
    for (const id of ['', '.a', '-a', '..', 'a b', 'a/b', 'a:b', 'a@b', 'ü', 'a\n', 'x'.repeat(129)]) {
      expect(codeOf(() => new DagIdPipe().transform(id))).toBe('invalid_id');
    }
  });
  it('of runs are taken apart', () => {
    expect(new RunIdPipe().transform('sales@eu-1')).toEqual({ runId: 'sales@eu-1', dagId: 'sales', runKey: 'sales=eu-1' });
    expect(new RunIdPipe().transform('sales-eu-2026-01-31T00:00:00Z')).toEqual({
      runId: 'sales-eu-2026-01-31T00:00:00Z',
      dagId: 'sales-eu',
      runKey: 'sales-eu-2026-01-31T000000Z',
    });
    for (const id of ['sales', '@x', 'a@', 'dag:a', 'a@b@c', 'a@../../x', `${'a'.repeat(128)}@${'b'.repeat(128)}`]) {
      expect(codeOf(() => new RunIdPipe().transform(id))).toBe('invalid_id');
    }
  });
  it('of tasks may be nested', () => {
    expect(new TaskIdPipe().transform('a/b.c')).toBe('a/b.c');
    for (const id of ['', 'a//b', '../a', 'a b']) expect(codeOf(() => new TaskIdPipe().transform(id))).toBe('invalid_id');
  });
  it('of versions are whole numbers from 1', () => {
    expect(new VersionPipe().transform('12')).toBe(12);
    for (const id of ['0', '-1', '1.5', 'one', '1e3', ''])
      expect(codeOf(() => new VersionPipe().transform(id))).toBe('invalid_id');
  });
});

describe('pages', () => {
  it('have 50 items unless asked otherwise, and a largest length', () => {
    expect(pageLimit(undefined, 200)).toBe(50);
    expect(pageLimit(undefined, 20)).toBe(20);
    expect(pageLimit(200, 200)).toBe(200);
    for (const limit of [0, -1, 201, 1.5, Number.NaN]) expect(codeOf(() => pageLimit(limit, 200))).toBe('invalid_fields');
  });
  it('go on at a cursor that only we make', () => {
    expect(decodeCursor(encodeCursor('task/ü'))).toBe('task/ü');
    for (const cursor of ['', '!', 'a b', '%00']) expect(codeOf(() => decodeCursor(cursor))).toBe('invalid_cursor');
  });
});

describe('preconditions', () => {
  const hash = 'a'.repeat(64);
  it('are read from If-Match and If-None-Match', () => {
    expect(expectationOf(undefined, undefined)).toBeUndefined();
    expect(expectationOf(`"${hash}"`, undefined)).toBe(hash);
    expect(expectationOf('*', undefined)).toBe('*');
    expect(expectationOf(undefined, '*')).toBe('none');
  });
  it('that make no sense are refused', () => {
    for (const [match, none] of [
      ['abc'],
      ['"a'],
      ['"a" "b"'],
      [''],
      [`"${hash}", "${hash}"`],
      [undefined, `"${hash}"`],
      ['*', '*'],
    ]) {
      expect(codeOf(() => expectationOf(match, none))).toBe('invalid_header');
    }
  });
  it('that no version can meet are met by none: weak tags, tags of others', () => {
    for (const tag of ['"abc"', '"*"', '"none"', `W/"${hash}"`, '"a", W/"b"']) {
      expect(['*', 'none', hash, undefined]).not.toContain(expectationOf(tag, undefined));
    }
    expect(expectationOf(`"a", "${hash}"`, undefined)).toBe(hash);
  });
  it('of a read match weak and listed tags', () => {
    expect(matchesTag(`"x", W/"${hash}"`, hash)).toBe(true);
    expect(matchesTag('*', hash)).toBe(true);
    expect(matchesTag('"x"', hash)).toBe(false);
    expect(matchesTag(undefined, hash)).toBe(false);
  });
});

describe('the route table', () => {
  const table = new RouteTable();
  table.fill({
    '/api/v1/dags/{dagId}': { get: {}, put: {} },
    '/api/v1/dags/validate': { post: {} },
    '/health/live': { get: {} },
  });
  it('knows the methods of a path', () => {
    expect(table.methodsOf('/api/v1/dags/x')).toEqual(['GET', 'HEAD', 'PUT']);
    expect(table.methodsOf('/api/v1/dags/validate')).toEqual(['GET', 'HEAD', 'POST', 'PUT']);
    expect(table.methodsOf('/nowhere')).toEqual([]);
    expect(table.methodsOf('/api/v1/dags/x/y')).toEqual([]);
  });
});

describe('a bind address', () => {
  it('is loopback only where nobody else reaches it', () => {
    for (const host of ['127.0.0.1', 'localhost', '::1', '127.9.9.9']) expect(isLoopbackBind(host)).toBe(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '1127.0.0.1']) expect(isLoopbackBind(host)).toBe(false);
  });
});
