import type { Json } from '../json.js';
import { pointerTo } from '../json-pointer.js';
import { type ExpressionSyntaxCode, ExpressionSyntaxError } from './expression-error.js';
import { type ParsedExpression, type ParseOptions, parseExpression } from './parse-expression.js';
import { mergeReferences, type References } from './references.js';
import { endOfExpression, endOfString } from './scan.js';
import { setKey } from './value.js';

/** Levels of lists and objects in a template. */
const MAX_TEMPLATE_DEPTH = 100;
const OPEN = '${{';

/** A string of the template holds an expression that cannot be read. `offset` counts UTF-16 units from the start of that string. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  constructor(
    readonly pointer: string,
    readonly offset: number,
    message: string,
    readonly code: ExpressionSyntaxCode = 'expression_invalid',
  ) {
    super(message);
  }
}

/** Text that stays as it is, or an expression in its place. */
export type TemplateSegment = string | ParsedExpression;

/** One expression of a template. */
export interface TemplateExpression {
  /** JSON pointer of the string that holds it; `` is the template itself. */
  readonly pointer: string;
  readonly expression: ParsedExpression;
  /** It is all that the string holds, so it keeps its type; else it becomes text. */
  readonly whole: boolean;
}

/** One string that holds expressions, in pieces: the text around an expression is its neighbours. */
export interface TemplateString {
  readonly pointer: string;
  readonly segments: readonly TemplateSegment[];
}

/** A template as a tree: only what holds expressions is taken apart. */
export type TemplateNode =
  | { readonly kind: 'constant'; readonly value: Json }
  | { readonly kind: 'whole'; readonly pointer: string; readonly expression: ParsedExpression }
  | { readonly kind: 'text'; readonly pointer: string; readonly segments: readonly TemplateSegment[] }
  | { readonly kind: 'list'; readonly items: readonly TemplateNode[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, TemplateNode])[] };

/** A JSON value whose strings may hold `${{ }}`, taken apart once and rendered as often as needed. */
export interface ParsedTemplate {
  /** It holds no expression. */
  readonly constant: boolean;
  readonly expressions: readonly TemplateExpression[];
  readonly strings: readonly TemplateString[];
  readonly references: References;
  readonly root: TemplateNode;
}

/**
 * Finds and parses each `${{ }}` in each string of a JSON value; linear in its size. There is no escape: to write the
 * braces themselves, `${{ '${{' }}`. Keys hold no expressions. Throws {@link TemplateError} at the first problem, or gives
 * each to `onError` and takes the string as it is.
 */
export function parseTemplate(
  value: Json,
  { onError, ...options }: ParseOptions & { onError?(error: TemplateError): void } = {},
): ParsedTemplate {
  const reading = new TemplateReading(onError, options);
  const root = reading.node(value, '', 0);
  return {
    constant: reading.expressions.length === 0,
    expressions: reading.expressions,
    strings: reading.strings,
    references: mergeReferences(reading.expressions.map(({ expression }) => expression.references)),
    root,
  };
}

/**
 * The source between the braces when the text, spaces around it aside, is exactly one `${{ }}`; else `undefined`. It need
 * not parse.
 */
export function expressionSource(text: string): string | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith(OPEN)) return undefined;
  return endOfExpression(trimmed, OPEN.length) === trimmed.length - 2 && trimmed.length >= OPEN.length + 2
    ? trimmed.slice(OPEN.length, -2)
    : undefined;
}

/** Whether a text holds the start of an expression. */
export function holdsExpression(text: string): boolean {
  return text.includes(OPEN);
}

class TemplateReading {
  readonly expressions: TemplateExpression[] = [];
  readonly strings: TemplateString[] = [];

  constructor(
    private readonly onError: ((error: TemplateError) => void) | undefined,
    private readonly options: ParseOptions,
  ) {}

  node(value: Json, pointer: string, depth: number): TemplateNode {
    if (typeof value === 'string') return holdsExpression(value) ? this.text(value, pointer) : { kind: 'constant', value };
    if (typeof value !== 'object' || value === null) return { kind: 'constant', value };
    if (depth >= MAX_TEMPLATE_DEPTH) {
      this.fail(new TemplateError(pointer, 0, `the value nests deeper than ${MAX_TEMPLATE_DEPTH} levels`));
      return { kind: 'constant', value };
    }
    if (Array.isArray(value)) {
      const items = value.map((item, i) => this.node(item as Json, pointerTo(pointer, i), depth + 1));
      return items.every((item) => item.kind === 'constant') ? { kind: 'constant', value } : { kind: 'list', items };
    }
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => {
        if (holdsExpression(key))
          this.fail(
            new TemplateError(pointerTo(pointer, key), key.indexOf(OPEN), 'a key cannot hold an expression: only values can'),
          );
        return [key, this.node(item as Json, pointerTo(pointer, key), depth + 1)] as const;
      });
    return entries.every(([, item]) => item.kind === 'constant') ? { kind: 'constant', value } : { kind: 'object', entries };
  }

  private text(text: string, pointer: string): TemplateNode {
    let segments: TemplateSegment[];
    try {
      segments = readSegments(text, pointer, this.options);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.fail(error);
      return { kind: 'constant', value: text };
    }
    const around = segments.filter((segment) => typeof segment !== 'string' || segment.trim() !== '');
    const [only] = around;
    const whole = around.length === 1 && only !== undefined && typeof only !== 'string';
    this.strings.push({ pointer, segments });
    for (const segment of segments)
      if (typeof segment !== 'string') this.expressions.push({ pointer, expression: segment, whole });
    return whole ? { kind: 'whole', pointer, expression: only } : { kind: 'text', pointer, segments };
  }

  private fail(error: TemplateError): void {
    if (this.onError === undefined) throw error;
    this.onError(error);
  }
}

/** Text and expressions in turn, without empty texts. */
function readSegments(text: string, pointer: string, options: ParseOptions): TemplateSegment[] {
  const segments: TemplateSegment[] = [];
  let done = 0;
  for (let open = text.indexOf(OPEN); open !== -1; open = text.indexOf(OPEN, done)) {
    const start = open + OPEN.length;
    const end = endOfExpression(text, start);
    if (end === -1)
      throw new TemplateError(pointer, open, `the expression that starts here is not closed${closingAdvice(text, start)}`);
    if (open > done) segments.push(text.slice(done, open));
    try {
      segments.push(parseExpression(text.slice(start, end), options));
    } catch (error) {
      if (error instanceof ExpressionSyntaxError)
        throw new TemplateError(pointer, start + error.offset, error.message, error.code);
      throw error;
    }
    done = end + 2;
  }
  if (done < text.length) segments.push(text.slice(done));
  return segments;
}

function closingAdvice(text: string, start: number): string {
  for (let i = start; i < text.length; i++) {
    if (text[i] !== '"' && text[i] !== "'") continue;
    const end = endOfString(text, i);
    if (end === -1) return `: the string at character ${i} has no closing quote`;
    i = end - 1;
  }
  return text.includes('}}', start) ? ': a brace inside it has no partner' : ' by }}';
}

/** A copy of an object template with each value replaced; keys keep their order. */
export function mapEntries(entries: readonly (readonly [string, TemplateNode])[], render: (node: TemplateNode) => Json): Json {
  const object: { [key: string]: Json } = {};
  for (const [key, node] of entries) setKey(object, key, render(node));
  return object;
}
