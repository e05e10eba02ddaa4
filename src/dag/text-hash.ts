/** First 32 bits of the fractional parts of the cube roots of the first 64 primes, as FIPS 180-4 gives them. */
const ROUND_CONSTANTS = new Uint32Array(64);
/** The same of the square roots of the first 8. */
const INITIAL = new Uint32Array(8);
fillConstants();

/**
 * The first 32 hex digits of the sha256 of a text in UTF-8, for ids that have to be short inside a workflow, where the
 * platform offers no hash. O(bytes).
 */
export function textHash(text: string): string {
  const words = padded(utf8Bytes(text));
  const state = INITIAL.slice();
  const schedule = new Uint32Array(64);
  for (let at = 0; at < words.length; at += 16) block(state, words.subarray(at, at + 16), schedule);
  return Array.from(state, (word) => word.toString(16).padStart(8, '0'))
    .join('')
    .slice(0, 32);
}

function block(state: Uint32Array, words: Uint32Array, w: Uint32Array): void {
  w.set(words);
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15]!;
    const y = w[t - 2]!;
    w[t] =
      w[t - 16]! + w[t - 7]! + (rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3)) + (rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < 64; t++) {
    const one = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[t]! + w[t]!;
    const two = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) >>> 0, c, b, a, (one + two) >>> 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] = state[i]! + word;
  });
}

const rotated = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** A one bit, zeros, and the length in bits, so that whole blocks of 16 words come out. */
function padded(bytes: readonly number[]): Uint32Array {
  const words = new Uint32Array(16 * Math.ceil((bytes.length + 9) / 64));
  bytes.forEach((byte, i) => {
    words[i >> 2]! |= byte << (24 - 8 * (i & 3));
  });
  words[bytes.length >> 2]! |= 0x80 << (24 - 8 * (bytes.length & 3));
  words[words.length - 1] = 8 * bytes.length;
  return words;
}

function utf8Bytes(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return bytes;
}

function fillConstants(): void {
  const fraction = (x: number): number => ((x - Math.floor(x)) * 2 ** 32) >>> 0;
  let found = 0;
  for (let n = 2; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
    if (!prime) continue;
    if (found < 8) INITIAL[found] = fraction(Math.sqrt(n));
    ROUND_CONSTANTS[found++] = fraction(Math.cbrt(n));
  }
}
