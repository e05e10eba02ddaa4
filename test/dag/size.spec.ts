import { describe, expect, it, test } from 'vitest';
import { parseSize, SIZE_PATTERN, SizeError } from '../../src/dag/size.js';

describe('a size', () => {
  test.each<[string, number]>([
    ['0B', 0],
    ['1B', 1],
    ['512MiB', 512 * 2 ** 20],
    ['2GiB', 2 * 2 ** 30],
    ['1TiB', 2 ** 40],
    ['1.5KiB', 1536],
    ['10KB', 10_000],
    ['10MB', 10_000_000],
    ['2.5GB', 2_500_000_000],
    ['1TB', 1e12],
    ['0.3B', 0],
  ])('%s is %d bytes, and the pattern for editors says so too', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
    expect(text).toMatch(new RegExp(SIZE_PATTERN));
  });

  test.each<[string, RegExp]>([
    ['', /empty/],
    ['512', /no unit; write "512MiB"/],
    ['512 MiB', /write "512MiB"/],
    ['512mib', /write "512MiB"/],
    ['512Mi', /write "512MiB"/],
    ['2G', /write "2GB"/],
    ['1_000KB', /write "1000KB"/],
    ['2PiB', /the units are B, KB/],
    ['-1GiB', /a number with its unit/],
    ['1e3KB', /a number with its unit/],
    ['1GiB512MiB', /a number with its unit/],
    ['.5GiB', /a number with its unit/],
    ['9999999999TiB', /larger than any number/],
  ])('is not %j, and the message says what to write', (text, message) => {
    expect(() => parseSize(text)).toThrow(SizeError);
    expect(() => parseSize(text)).toThrow(message);
  });

  it('of a hostile length is refused without a look at all of it', () => {
    expect(() => parseSize('9'.repeat(1e6))).toThrow(SizeError);
    expect(() => parseSize(`${' '.repeat(1e5)}x`)).toThrow(SizeError);
  });
});
