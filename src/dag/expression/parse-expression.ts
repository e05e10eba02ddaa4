import { ParseError, parse } from '@marcbachmann/cel-js';
import { compilePattern, MAX_PATTERN_LENGTH, MAX_PATTERN_SIZE, PatternError, patternSize } from '../pattern.js';
import { ExpressionSyntaxError } from './expression-error.js';
import { lower } from './lower.js';
import { childrenOf, literalText, type Node } from './node.js';
import { type References, referencesOf } from './references.js';
import { checkNesting } from './scan.js';
import { RESERVED_WORDS, type TaskForm, taskForm, taskFormsOf, writtenAt } from './task-form.js';

/** Characters of one expression. */
export const MAX_EXPRESSION_LENGTH = 4_096;

/** Larger patterns are compiled when they are used: a spec may hold thousands, at some milliseconds each. */
const CHECKED_PATTERN_SIZE = 100;

/** Options of {@link parseExpression} and `parseTemplate`. */
export interface ParseOptions {
  /** It was parsed before, when it was stored: the patterns in it need not be compiled once more to see that they can be. */
  readonly stored?: boolean;
}

/** An expression that parses, with what it names. Reusable; evaluate it as often as needed. */
export interface ParsedExpression {
  readonly source: string;
  readonly ast: Node;
  readonly references: References;
  /** Where tasks are named in the dot form, for `correctTaskForm`. */
  readonly tasksForms: readonly TaskForm[];
  /** The whole expression is `ident(x)`: SQL writes it as an identifier instead of a literal (R18). */
  readonly identifier: boolean;
}

/**
 * Parses CEL without its `${{ }}`. Throws {@link ExpressionSyntaxError} for bad syntax, unknown functions, wrong argument
 * counts, more than 4,096 characters, and nesting that could overflow; names of tasks and parameters are the caller's to check.
 */
export function parseExpression(source: string, { stored = false }: ParseOptions = {}): ParsedExpression {
  if (source.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionSyntaxError(
      `the expression has ${source.length} characters; at most ${MAX_EXPRESSION_LENGTH} are allowed`,
      0,
      'expression_too_long',
    );
  }
  if (source.trim() === '') throw new ExpressionSyntaxError('the expression is empty', 0);
  checkNesting(source);
  const ast = lower(parseCel(source));
  const references = referencesOf(ast);
  checkStandsAlone(ast, references);
  if (!stored) checkLiterals(ast, true);
  return {
    source,
    ast,
    references,
    tasksForms: taskFormsOf(source, ast),
    identifier: ast.op === 'call' && ast.name === 'ident',
  };
}

function parseCel(source: string): Parameters<typeof lower>[0] {
  try {
    return parse(source).ast;
  } catch (error) {
    if (error instanceof ParseError) throw plainSyntaxError(source, error);
    if (error instanceof RangeError) throw new ExpressionSyntaxError('the expression nests too deeply', 0);
    throw error;
  }
}

const TOKENS: Readonly<Record<string, string>> = {
  EOF: 'the end',
  IDENTIFIER: 'a name',
  NUMBER: 'a number',
  STRING: 'text',
  BOOLEAN: 'true or false',
  NULL: 'null',
  LPAREN: '"("',
  RPAREN: '")"',
  LBRACKET: '"["',
  RBRACKET: '"]"',
  LBRACE: '"{"',
  RBRACE: '"}"',
  DOT: '"."',
  COMMA: '","',
  COLON: '":"',
  QUESTION: '"?"',
  PLUS: '"+"',
  MINUS: '"-"',
  MULTIPLY: '"*"',
  DIVIDE: '"/"',
  MODULO: '"%"',
  EQ: '"=="',
  NE: '"!="',
  LT: '"<"',
  LE: '"<="',
  GT: '">"',
  GE: '">="',
  AND: '"&&"',
  OR: '"||"',
  NOT: '"!"',
  IN: '"in"',
  BYTES: 'bytes',
};

function plainSyntaxError(source: string, error: ParseError): ExpressionSyntaxError {
  const offset = Math.min(error.range?.start ?? 0, source.length);
  // `tasks.2024-load` and `tasks.in` fail in the parser, so the right form is named here.
  const before = /\btasks\s*\.\s*$/.exec(source.slice(Math.max(0, offset - 64), offset));
  if (before !== null) {
    const written = writtenAt(source, offset);
    const id = written.split('.')[0] as string;
    if (id !== '' && (/^\d/.test(id) || RESERVED_WORDS.has(id))) {
      return new ExpressionSyntaxError(`tasks.${id} is not readable: write ${taskForm(id)}`, offset, 'expression_task_id');
    }
  }
  const found = String.fromCodePoint(source.codePointAt(offset) ?? 32);
  const summary = error.summary
    .replace(/^Unexpected character: .*$/s, `unexpected character ${JSON.stringify(found)}`)
    .replace(/^Unexpected token: (\w+)$/, (_, token: string) => `unexpected ${TOKENS[token] ?? token}`)
    .replace(
      /^Expected (\w+), got (\w+)$/,
      (_, wanted: string, got: string) => `expected ${TOKENS[wanted] ?? wanted}, found ${TOKENS[got] ?? got}`,
    )
    .replace(/^Exceeded .*$/, 'the expression nests too deeply or has too many parts')
    .replace(/^Reserved identifier: /, 'this word is reserved: ');
  return new ExpressionSyntaxError(`${summary.slice(0, 200)}${advice(source, offset)}`, offset);
}

function advice(source: string, offset: number): string {
  const rest = source.slice(offset);
  if (rest.startsWith('=>')) return '; loops are written list.map(x, x + 1)';
  if (/^=(?!=)/.test(rest)) return '; equality is ==';
  if (/^\?[?.]/.test(rest) || source.slice(0, offset).endsWith('?')) return "; what may be missing is get(x, 'path', default)";
  if (/^(?:and|or|not)\b/.test(rest)) return '; write && || !';
  if (rest.startsWith('|')) return '; there are no pipes: write f(x) or x.f()';
  if (rest.startsWith('$')) return '; inside the braces names stand as they are: params.x';
  return '';
}

/** `secrets.NAME` and `attempt` are put in place as they are, never computed with (R14). */
function checkStandsAlone(ast: Node, references: References): void {
  if (references.secretsWhole) throw new ExpressionSyntaxError('a secret is named outright: secrets.NAME', ast.start);
  if (references.secrets.length > 0 && !((ast.op === 'field' || ast.op === 'index') && ast.object.op === 'root')) {
    throw new ExpressionSyntaxError(
      `secrets.${references.secrets[0]} must stand alone in its braces: put text around the braces, as in "Bearer \${{ secrets.${references.secrets[0]} }}"`,
      ast.start,
    );
  }
  if (references.attempt && ast.op !== 'root')
    throw new ExpressionSyntaxError('attempt must stand alone in its braces', ast.start);
}

/** Checks what literals already tell: patterns that do not compile, `ident` inside something else. */
function checkLiterals(node: Node, outermost: boolean): void {
  if (node.op === 'call') {
    if (node.name === 'ident' && !outermost)
      throw new ExpressionSyntaxError('ident() must be the whole expression', node.start);
    const pattern = node.name === 'matches' ? node.args[1] : undefined;
    const text = pattern === undefined ? undefined : literalText(pattern);
    if (pattern !== undefined && text !== undefined) checkPattern(text, pattern.start);
  }
  for (const child of childrenOf(node)) checkLiterals(child, false);
}

function checkPattern(source: string, offset: number): void {
  const size = patternSize(source);
  // What is far too large is refused without compiling it.
  if (size > CHECKED_PATTERN_SIZE && size <= MAX_PATTERN_SIZE && source.length <= MAX_PATTERN_LENGTH) return;
  try {
    compilePattern(source);
  } catch (error) {
    if (error instanceof PatternError) throw new ExpressionSyntaxError(`matches(): ${error.message}`, offset);
    throw error;
  }
}
