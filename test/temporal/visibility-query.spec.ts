import { expect, test } from 'vitest';
import { allOf, before, compare, isNotNull, isNull, literal, oneOf, since } from '../../src/temporal/visibility-query.js';

test('no value can leave its quotes', () => {
  expect(literal("x' OR DagId != '")).toBe(String.raw`'x\' OR DagId != \''`);
  expect(literal(String.raw`\' OR 1=1 --`)).toBe(String.raw`'\\\' OR 1=1 --'`);
});

test('conditions are put together in brackets, absent ones are left out', () => {
  const instant = new Date('2026-01-02T03:04:05.006Z');
  expect(
    allOf(
      compare('DagId', '=', 'a'),
      undefined,
      oneOf('ExecutionStatus', ['Failed', 'TimedOut']),
      isNull('X'),
      isNotNull('Y'),
      since('S', instant),
      before('B', instant),
    ),
  ).toBe(
    "(DagId = 'a') AND (ExecutionStatus IN ('Failed', 'TimedOut')) AND (X IS NULL) AND (Y IS NOT NULL) AND (S >= '2026-01-02T03:04:05.006Z') AND (B < '2026-01-02T03:04:05.006Z')",
  );
});
