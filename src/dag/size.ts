/** A text is no size of ours. `message` says what to write. */
export class SizeError extends Error {
  override readonly name = 'SizeError';
}

const UNITS: { readonly [unit: string]: number } = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
/** What {@link parseSize} reads, as a regular expression for a JSON Schema; it knows no largest size. */
export const SIZE_PATTERN = `^\\d{1,16}(?:\\.\\d{1,9})?(?:${Object.keys(UNITS).join('|')})$`;
const SIZE = /^(\d{1,16}(?:\.\d{1,9})?)([A-Za-z]*)$/;
const FORM = `write a number with its unit, such as 512MiB or 2GiB; the units are ${Object.keys(UNITS).join(', ')}`;

/** A size in bytes: a number and one unit, `KB MB GB TB` of 1000, `KiB MiB GiB TiB` of 1024. Fractions of bytes are rounded. Throws {@link SizeError}. */
export function parseSize(text: string): number {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  const scale = unit !== undefined && Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (amount === undefined || scale === undefined)
    throw new SizeError(`${JSON.stringify(text.slice(0, 60))} is no size: ${advice(text)}`);
  const bytes = Math.round(Number(amount) * scale);
  if (bytes > Number.MAX_SAFE_INTEGER) throw new SizeError(`${JSON.stringify(text)} is larger than any number of bytes here`);
  return bytes;
}

function advice(text: string): string {
  if (text.trim() === '') return `it is empty; ${FORM}`;
  const [, amount, unit = ''] = SIZE.exec(text.replace(/[\s_]/g, '')) ?? [];
  if (amount === undefined) return FORM;
  if (unit === '') return `it has no unit; write "${amount}MiB" or "${amount}B"`;
  const meant = Object.keys(UNITS).find(
    (known) => known.toLowerCase() === unit.toLowerCase() || known.toLowerCase() === `${unit}b`.toLowerCase(),
  );
  return meant === undefined ? FORM : `write "${amount}${meant}"`;
}
