import { type Issue, MAX_ISSUES } from '../dag/issue.js';
import type { Json } from '../dag/json.js';
import { pointer, pointerSegments } from '../dag/json-pointer.js';
import type { SpecLimits } from './limits.js';
import { measure } from './measure.js';
import { type PlaceRequest, type Position, positionAt, type SpecTextResult } from './spec-text.js';

/** Reads JSON strictly (RFC 8259): syntax, duplicate keys (with both positions), nesting and size are issues, never exceptions. */
export function readJson(text: string, limits: SpecLimits): SpecTextResult {
  const issue = (code: Issue['code'], path: string, message: string, offset: number): Issue => ({
    code,
    path,
    message,
    severity: 'error',
    ...positionAt(text, offset),
  });
  const deep = tooDeepAt(text, limits.depth);
  if (deep !== undefined)
    return { issues: [issue('too_deep', '', `lists and objects are nested more than ${limits.depth} deep`, deep)] };
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = / at position (\d+)/.exec(message);
    const offset = at === null ? text.length : Number(at[1]);
    return {
      issues: [
        issue(
          'bad_text',
          '',
          `not valid JSON: ${message.replace(/ in JSON at position.*| at position.*/s, '').replace(/, ?"?\.{3}.*/s, '')}`,
          offset,
        ),
      ],
    };
  }
  const locate = (requests: readonly PlaceRequest[]): (Position | undefined)[] => {
    const offsets = locateOffsets(text, requests);
    return offsets.map((offset) => (offset === undefined ? undefined : positionAt(text, offset)));
  };
  const problem = measure(value, limits);
  if (problem !== undefined)
    return { issues: [{ ...problem, severity: 'error', ...locate([{ path: problem.path, part: 'value' }])[0] }] };
  const duplicates: Issue[] = [];
  new JsonScanner(text, (segments, key, first, second) => {
    if (duplicates.length >= MAX_ISSUES) return;
    const { line, column } = positionAt(text, first);
    duplicates.push(
      issue(
        'duplicate_key',
        pointer(...segments, key),
        `'${key.slice(0, 60)}' stands here a second time; the first is at line ${line}, column ${column}`,
        second,
      ),
    );
  }).scan();
  return duplicates.length > 0 ? { issues: duplicates } : { text: { value, locate }, issues: [] };
}

/** Offset of the bracket that is nested deeper than `depth`, found without parsing. */
function tooDeepAt(text: string, depth: number): number | undefined {
  let level = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) i = endOfString(text, i);
    else if (c === 0x5b || c === 0x7b) {
      if (++level > depth) return i;
    } else if (c === 0x5d || c === 0x7d) level--;
  }
  return undefined;
}

/** Index of the quote that ends the string which begins at `start`; the last index of the text where none does. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === 0x22) return i;
  }
  return text.length - 1;
}

interface Wanted {
  readonly children: Map<string, Wanted>;
  /** Indexes of the requests that end here. */
  readonly requests: { readonly index: number; readonly part: 'key' | 'value' }[];
}

function locateOffsets(text: string, requests: readonly PlaceRequest[]): (number | undefined)[] {
  const root: Wanted = { children: new Map(), requests: [] };
  requests.forEach(({ path, part }, index) => {
    let node = root;
    for (const segment of pointerSegments(path)) {
      const child: Wanted = node.children.get(segment) ?? { children: new Map(), requests: [] };
      node.children.set(segment, child);
      node = child;
    }
    node.requests.push({ index, part });
  });
  const offsets: (number | undefined)[] = requests.map(() => undefined);
  new JsonScanner(text, undefined, (wanted, keyOffset, valueOffset) => {
    for (const { index, part } of wanted.requests) offsets[index] = part === 'key' ? (keyOffset ?? valueOffset) : valueOffset;
  }).scan(root);
  return offsets;
}

type OnDuplicate = (segments: readonly (string | number)[], key: string, first: number, second: number) => void;
type OnPlace = (wanted: Wanted, keyOffset: number | undefined, valueOffset: number) => void;

/** Walks a text that is known to be JSON and no deeper than the limit. Without `onDuplicate`, parts nobody wants are skipped. */
class JsonScanner {
  private at = 0;
  private readonly path: (string | number)[] = [];

  constructor(
    private readonly text: string,
    private readonly onDuplicate?: OnDuplicate,
    private readonly onPlace?: OnPlace,
  ) {}

  scan(wanted?: Wanted): void {
    this.value(wanted, undefined);
  }

  private value(wanted: Wanted | undefined, keyOffset: number | undefined): void {
    this.space();
    if (wanted !== undefined) this.onPlace?.(wanted, keyOffset, this.at);
    const c = this.text[this.at];
    if (c === '"') this.at = endOfString(this.text, this.at) + 1;
    else if (c === '{') this.object(wanted);
    else if (c === '[') this.array(wanted);
    else while (this.at < this.text.length && !/[\s,\]}]/.test(this.text[this.at] as string)) this.at++;
  }

  private object(wanted: Wanted | undefined): void {
    const seen = new Map<string, number>();
    this.at++;
    for (this.space(); this.text[this.at] !== '}'; this.space()) {
      const keyOffset = this.at;
      const end = endOfString(this.text, keyOffset);
      const raw = this.text.slice(keyOffset, end + 1);
      const key = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
      const first = seen.get(key);
      if (first === undefined) seen.set(key, keyOffset);
      else this.onDuplicate?.(this.path, key, first, keyOffset);
      this.at = end + 1;
      this.space();
      this.at++;
      this.path.push(key);
      this.value(wanted?.children.get(key), keyOffset);
      this.path.pop();
      this.comma();
    }
    this.at++;
  }

  private array(wanted: Wanted | undefined): void {
    this.at++;
    let index = 0;
    for (this.space(); this.text[this.at] !== ']'; this.space()) {
      this.path.push(index);
      this.value(wanted?.children.get(String(index)), undefined);
      this.path.pop();
      index++;
      this.comma();
    }
    this.at++;
  }

  private comma(): void {
    this.space();
    if (this.text[this.at] === ',') this.at++;
  }

  private space(): void {
    for (
      let c = this.text.charCodeAt(this.at);
      c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
      c = this.text.charCodeAt(this.at)
    )
      this.at++;
  }
}
