import { describe, expect, it } from 'vitest';
import { itemNames } from '../../../src/dag/map/item-key.js';

describe('names of items', () => {
  it('are what the template gives for each, cut where they are long', () => {
    const names = itemNames('nr ${{ item.n }}');
    expect(names.needsItem).toBe(true);
    expect(names.of({ item: { n: 7 }, index: 0 })).toEqual({ key: 'nr 7' });
    expect(names.of({ item: { n: 'x'.repeat(1_000) }, index: 0 })).toEqual({ key: `nr ${'x'.repeat(246)}…` });
    expect(itemNames('${{ index }}').needsItem).toBe(false);
  });

  it('say what is wrong where there is none, for each item anew', () => {
    const names = itemNames('${{ 1 / item.n }}');
    expect(names.of({ item: { n: 0 }, index: 0 })).toEqual({ error: expect.stringContaining('by zero') });
    expect(names.of({ item: { n: 2 }, index: 1 })).toEqual({ key: '0.5' });
  });

  it('take a limited number of steps each, and tell how many', () => {
    let steps = 0;
    const names = itemNames('${{ range(300).all(a, range(300).all(b, a + b >= 0)) }}');
    const answer = names.of({ index: 0 }, (taken) => (steps += taken));
    expect(answer).toEqual({ error: expect.stringContaining('more than 50000 steps') });
    expect(steps).toBe(50_000);
  });

  it('are none at all where the template cannot be read', () => {
    expect(itemNames('${{ nosuch(1) }}').of({ index: 0 })).toEqual({ error: expect.stringContaining('nosuch') });
  });
});
