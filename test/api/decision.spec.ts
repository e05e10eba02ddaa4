import { describe, expect, it } from 'vitest';
import { deciderOf, isRepetition, updateIdOf } from '../../src/api/runs/decision.js';
import type { ApproveInput } from '../../workflows/contract.js';

const input: ApproveInput = { taskId: 'a', decision: 'approve', by: 'ann', comment: 'fine', inputs: { limit: 3 } };

describe('who decides', () => {
  it('is what the caller says where only this machine can ask', () => {
    expect(deciderOf('ann', 'eve', false)).toBe('ann');
    expect(deciderOf(undefined, 'eve', false)).toBeUndefined();
  });

  it('is what authenticates the request, and nobody else, where something does', () => {
    expect(deciderOf(undefined, 'ann', true)).toBe('ann');
    expect(deciderOf(undefined, '', true)).toBeUndefined();
    expect(() => deciderOf('ann', 'eve', true)).toThrow(/leave it out/);
  });
});

describe('a decision that is asked for again', () => {
  const output = { value: { decision: 'approve', by: 'ann', comment: 'fine', inputs: { region: 'eu', limit: 3 } } };

  it('is the same one where all that was said is kept, defaults aside', () => {
    expect(isRepetition({ output }, input)).toBe(true);
    expect(isRepetition({ output }, { ...input, by: 'bob' })).toBe(false);
    expect(isRepetition({ output }, { ...input, inputs: { limit: 4 } })).toBe(false);
    expect(isRepetition({ output }, { ...input, comment: undefined })).toBe(false);
    expect(isRepetition({ output }, { ...input, decision: 'reject' })).toBe(false);
    expect(isRepetition({}, input)).toBe(false);
    const failure = {
      kind: 'rejected',
      message: 'no',
      details: { decision: 'reject', by: null, comment: null, inputs: {} },
    } as const;
    expect(isRepetition({ failure }, { taskId: 'a', decision: 'reject' })).toBe(true);
  });

  it('has the same id in the same round, whatever the order of its inputs, and another in the next', () => {
    const one = updateIdOf({ ...input, inputs: { a: 1, b: 2 } }, 0);
    expect(updateIdOf({ ...input, inputs: { b: 2, a: 1 } }, 0)).toBe(one);
    expect(updateIdOf({ ...input, inputs: { a: 1, b: 2 } }, 1)).not.toBe(one);
  });
});
