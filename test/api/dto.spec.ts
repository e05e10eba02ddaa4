import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { ListDagsQuery, PatchDagDto } from '../../src/api/dags/dto/dag-requests.dto.js';
import { Problem } from '../../src/api/errors/problem.js';
import { toDto } from '../../src/api/request/dto.pipe.js';
import { ListRunsQuery, StartRunDto } from '../../src/api/runs/dto/run-requests.dto.js';

function errorsOf(act: () => unknown): readonly object[] {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid_fields') return error.extras.errors ?? [];
    throw error;
  }
  return [];
}

describe('the body of a start', () => {
  it('may be empty', () => expect(errorsOf(() => toDto(StartRunDto, {}, 'pointer'))).toEqual([]));

  it('keeps params exactly as they are', () => {
    const params = JSON.parse('{"__proto__": {"a": 1}, "constructor": [1, null], "nested": {"deep": {"er": 1}}}');
    expect(JSON.stringify(toDto(StartRunDto, { params }, 'pointer').params)).toBe(JSON.stringify(params));
  });

  it('names every ill-typed and unknown field by its pointer', () => {
    const body = { params: [1], logicalDate: 20260101, key: 'a b', note: 5, parms: {} };
    expect(errorsOf(() => toDto(StartRunDto, body, 'pointer'))).toMatchObject([
      { pointer: '/parms' },
      { pointer: '/params' },
      { pointer: '/logicalDate' },
      { pointer: '/key' },
      { pointer: '/note' },
    ]);
  });

  it('says of an ill-typed field what type it must have, before how long it may be', () => {
    expect(errorsOf(() => toDto(StartRunDto, { note: 5 }, 'pointer'))).toEqual([
      { pointer: '/note', detail: 'note must be a string' },
    ]);
  });

  it('says which fields it knows where one is unknown', () => {
    expect(errorsOf(() => toDto(StartRunDto, { conf: {} }, 'pointer'))).toEqual([
      {
        pointer: '/conf',
        detail: 'conf is not a field that this call knows; it knows params, logicalDate, key, note, ignoreCache',
      },
    ]);
  });

  it.each([null, [], 'text', 5])('that is %j is refused', (body) => {
    expect(errorsOf(() => toDto(StartRunDto, body, 'pointer'))).toMatchObject([{ pointer: '' }]);
  });
});

describe('a change of a DAG', () => {
  it('says whether it is paused, as a boolean', () => {
    expect(toDto(PatchDagDto, { paused: true }, 'pointer').paused).toBe(true);
    for (const body of [{}, { paused: 'true' }, { paused: null }, { paused: 1 }]) {
      expect(errorsOf(() => toDto(PatchDagDto, body, 'pointer'))).toMatchObject([{ pointer: '/paused' }]);
    }
  });
});

describe('a query', () => {
  it('names ill-typed parameters', () => {
    const query = Object.assign(Object.create(null), { limit: 'ten', state: 'done', dagId: ['a', 'b'] });
    expect(errorsOf(() => toDto(ListRunsQuery, query, 'parameter'))).toMatchObject([
      { parameter: 'dagId' },
      { parameter: 'state' },
      { parameter: 'limit' },
    ]);
  });
  it('has numbers as numbers', () => expect(toDto(ListRunsQuery, { limit: '7' }, 'parameter').limit).toBe(7));
});

describe('a filter by tag', () => {
  it('takes what a tag may be, and nothing that could not be looked for', () => {
    for (const Query of [ListRunsQuery, ListDagsQuery]) {
      for (const tag of ["it's", 'a b', 'ü', '%', '(x*', 'x'.repeat(128)])
        expect(errorsOf(() => toDto(Query, { tag }, 'parameter'))).toEqual([]);
      for (const tag of ['', 'a"b', 'a\u0000', 'x'.repeat(129)])
        expect(errorsOf(() => toDto(Query, { tag }, 'parameter'))).toMatchObject([{ parameter: 'tag' }]);
    }
  });
});
