import { expect, it } from 'vitest';
import { SecretMask } from '../../activities/secret-mask.js';
import { taskFailure } from '../../activities/task-failure.js';

it('tells of a failure in whole characters, whatever the task says and wherever it is cut', () => {
  const half = taskFailure(new Error('half: \ud800'), new SecretMask([]));
  expect(half.failure.message).toBe('half: \ufffd');
  const cut = taskFailure(new Error(`${'x'.repeat(1_999)}😀`), new SecretMask([]));
  expect(cut.failure.message).toBe(`${'x'.repeat(1_999)}\ufffd…`);
});
