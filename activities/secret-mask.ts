import type { Json } from '../src/dag/json.js';

const MASK = '***';
/** Shorter values are no secrets, and hiding them would spoil any text. */
const MIN_IN_TEXT = 4;
/** Outputs are data: only what cannot be there by chance is hidden in them. */
const MIN_IN_OUTPUT = 8;
/** Lines of a secret of several lines (a key file) are hidden one by one, since logs are cut into lines. */
const MIN_LINE = 8;

/** Hides the values of secrets, also URL-, JSON-, SQL- and base64-encoded, wherever they would be shown or stored. */
export class SecretMask {
  private readonly inText: readonly string[];
  private readonly inOutput: readonly string[];

  constructor(values: readonly string[]) {
    const forms = [...new Set(values.flatMap(formsOf))].sort((a, b) => b.length - a.length);
    this.inText = forms.filter((form) => form.length >= MIN_IN_TEXT);
    this.inOutput = forms.filter((form) => form.length >= MIN_IN_OUTPUT);
  }

  text(text: string): string {
    return replaceAll(text, this.inText);
  }

  /** Hides secrets in all strings and keys of an output; returns the same value when there is nothing to hide. */
  output(value: Json): Json {
    return this.inOutput.length === 0 ? value : this.walk(value, this.inOutput);
  }

  /** Hides secrets in the details of a failure, which are shown like text. */
  details(value: Json): Json {
    return this.inText.length === 0 ? value : this.walk(value, this.inText);
  }

  private walk(value: Json, forms: readonly string[]): Json {
    if (typeof value === 'string') return replaceAll(value, forms);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((v: Json) => this.walk(v, forms));
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [replaceAll(k, forms), this.walk(v as Json, forms)]));
  }
}

/** Hides nothing. */
export const NO_SECRETS = new SecretMask([]);

function formsOf(value: string): string[] {
  const lines = value.split(/\r?\n/).filter((line) => line.length >= MIN_LINE);
  const base64 = Buffer.from(value).toString('base64');
  return [
    value,
    ...lines,
    value.replaceAll("'", "''"),
    encodeURIComponent(Buffer.from(value).toString()),
    JSON.stringify(value).slice(1, -1),
    base64,
    base64.replace(/=+$/, ''),
  ];
}

function replaceAll(text: string, forms: readonly string[]): string {
  let masked = text;
  for (const form of forms) if (masked.includes(form)) masked = masked.replaceAll(form, MASK);
  return masked;
}
