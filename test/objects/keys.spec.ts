import { describe, expect, it } from 'vitest';
import * as keys from '../../src/objects/keys.js';

describe('parts of keys', () => {
  it.each([
    'a',
    'my-task.v1_x',
    'group/task',
    'a=2Fb',
    '=',
    '',
    '.',
    '..',
    '...',
    'ü/€ 😀',
    'a b',
    '%41',
    'constructor',
    '__proto__',
    '~tmp',
    'a@b+c',
    'a\0b',
  ])('escape %j reversibly into a safe part', (text) => {
    const part = keys.escapePart(text);
    expect(() => keys.checkKey(part)).not.toThrow();
    expect(keys.unescapePart(part)).toBe(text);
  });

  it('leave task ids of today as they are', () => {
    expect(keys.escapePart('load-users_2.b')).toBe('load-users_2.b');
    expect(keys.escapePart('group/load')).toBe('group=2Fload');
  });
});

describe('keys', () => {
  const prefix = keys.runPrefix('sales', 'sales=eu-1', 2);
  it('stand below the prefix of their execution', () => {
    expect(prefix).toBe('runs/sales/sales=eu-1/2/');
    expect(keys.reportKey(prefix)).toBe('runs/sales/sales=eu-1/2/report.json');
    expect(keys.outputKey(prefix, 'a/b', 'ff')).toBe('runs/sales/sales=eu-1/2/outputs/a=2Fb/ff.json');
    expect(keys.logKey(prefix, 'a', 12, 65536)).toBe('runs/sales/sales=eu-1/2/logs/a/000012/000000065536');
  });
  it('of days sort by day', () => {
    const key = keys.dayMarkerKey('2024-01-31', 'sales', 'k', 1);
    expect(key).toBe('days/2024-01-31/sales/k/1');
    expect(keys.dayOfMarker(key)).toBe('2024-01-31');
    expect(key < keys.dayMarkerKey('2024-02-01', 'a', 'k', 1)).toBe(true);
  });
  it('are all keys', () => {
    for (const key of [keys.planKey('d', 'f'), keys.specKey('d', 'f'), keys.bodiesKey('d', 'f'), keys.versionsKey('d', 3)])
      expect(() => keys.checkKey(key)).not.toThrow();
    for (const below of [prefix, keys.dagPrefix('d'), keys.DAYS_PREFIX, keys.taskLogPrefix(prefix, 't')])
      expect(() => keys.checkPrefix(below)).not.toThrow();
  });
});
