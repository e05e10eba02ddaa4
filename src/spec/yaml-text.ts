import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  Parser,
  type YAMLError,
} from 'yaml';
import { type Issue, type IssueCode, MAX_ISSUES } from '../dag/issue.js';
import type { Json } from '../dag/json.js';
import { pointer, pointerSegments } from '../dag/json-pointer.js';
import type { SpecLimits } from './limits.js';
import { MAX_NAME_LENGTH, measure } from './measure.js';
import type { PlaceRequest, Position, SpecTextResult } from './spec-text.js';

/** Syntax errors follow one from another: more than these help nobody. */
const MAX_SYNTAX_ISSUES = 5;

type Doc = Document.Parsed<ParsedNode>;

/** Reads one document of YAML 1.2 core (R24): all that is wrong is an issue with its position, never an exception. */
export function readYaml(text: string, limits: SpecLimits): SpecTextResult {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const issue = (code: IssueCode, path: string, message: string, offset: number): Issue => ({
    code,
    path,
    message,
    severity: 'error',
    ...at(offset),
  });
  const parsed = tokenize(text, lines, limits);
  if ('code' in parsed) return { issues: [issue(parsed.code, '', parsed.message, parsed.offset)] };
  let docs: Doc[];
  try {
    const composer = new Composer<ParsedNode>({
      version: '1.2',
      schema: 'core',
      uniqueKeys: false,
      stringKeys: true,
      merge: false,
      resolveKnownTags: false,
      logLevel: 'silent',
    });
    docs = [...composer.compose(parsed.tokens, false, text.length)] as Doc[];
  } catch {
    return { issues: [issue('too_deep', '', `lists and maps are nested more than ${limits.depth} deep`, 0)] };
  }
  const doc = docs[0];
  if (doc === undefined || (doc.contents === null && doc.errors.length === 0))
    return { issues: [issue('bad_text', '', 'the text is empty; a spec has at least `id` and `tasks`', 0)] };
  const errors = docs.flatMap((each) => [...each.errors, ...each.warnings]);
  if (errors.length > 0) return { issues: syntaxIssues(text, errors, issue, at) };
  const yaml = doc.directives.yaml;
  if (yaml.explicit === true && yaml.version !== '1.2')
    return { issues: [issue('bad_text', '', `%YAML ${yaml.version}: specs are YAML 1.2; drop the directive`, 0)] };
  const second = docs[1];
  if (second !== undefined)
    return { issues: [issue('bad_text', '', 'a spec is one YAML document; a second one begins here', second.range[0])] };

  const issues = new TreeCheck(at, issue).run(doc.contents as Node);
  if (issues.length > 0) return { issues };
  let value: Json;
  try {
    value = doc.toJS({ maxAliasCount: limits.aliases }) as Json;
  } catch {
    return {
      issues: [
        issue(
          'too_many_aliases',
          '',
          `aliases (*name) repeat more than ${limits.aliases} times; write the values out, or use defaults`,
          0,
        ),
      ],
    };
  }
  const locate = (requests: readonly PlaceRequest[]): (Position | undefined)[] =>
    requests.map((request) => {
      const offset = offsetOf(doc, request);
      return offset === undefined ? undefined : at(offset);
    });
  const problem = measure(value, limits);
  if (problem === undefined) return { text: { value, locate }, issues: [] };
  const [place] = locate([{ path: problem.path, part: 'value' }]);
  return { issues: [{ ...problem, severity: 'error', ...place }] };
}

type Refusal = { readonly code: IssueCode; readonly message: string; readonly offset: number };

/** Feeds the parser one lexeme at a time, so that a hostile text is left before it has cost anything. */
function tokenize(text: string, lines: LineCounter, limits: SpecLimits): { tokens: CST.Token[] } | Refusal {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++count > limits.yamlTokens) {
      return {
        code: 'too_large',
        offset: parser.offset,
        message: `more than ${limits.yamlTokens} YAML tokens; send a spec of this size as JSON (application/json)`,
      };
    }
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > 2 * limits.depth + 8) {
      return { code: 'too_deep', offset: parser.offset, message: `lists and maps are nested more than ${limits.depth} deep` };
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens };
}

function syntaxIssues(
  text: string,
  errors: readonly YAMLError[],
  issue: (code: IssueCode, path: string, message: string, offset: number) => Issue,
  at: (offset: number) => Position,
): Issue[] {
  const rows = text.split('\n');
  const issues: Issue[] = [];
  const seen = new Set<number>();
  for (const error of errors) {
    const { line, column } = at(error.pos[0]);
    if (seen.has(line)) continue;
    seen.add(line);
    // A window is enough, and bounds the cost of the pattern on lines of megabytes.
    const from = Math.max(0, column - 1000);
    const bare = (rows[line - 1] ?? '')
      .slice(from, from + 2000)
      .replace(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'/g, (quoted) => ' '.repeat(quoted.length));
    const brace = bare.search(/\$?\{\{/);
    if (brace >= 0 || error.code === 'NON_STRING_KEY') {
      const fix =
        brace >= 0
          ? 'put quotes around the whole value: "${{ ... }}"'
          : 'a key is text, not a list or map; an expression needs quotes: "${{ ... }}"';
      issues.push({
        ...issue('unquoted_expression', '', `YAML reads unquoted braces as a map; ${fix}`, error.pos[0]),
        ...(brace >= 0 ? { column: from + brace + 1 } : {}),
      });
    } else {
      issues.push(issue('bad_text', '', `not valid YAML: ${error.message.split('\n', 1)[0] ?? ''}`, error.pos[0]));
    }
    if (issues.length >= MAX_SYNTAX_ISSUES) break;
  }
  return issues;
}

/** Finds duplicate keys, merge keys and aliases without an anchor before them. */
class TreeCheck {
  private readonly issues: Issue[] = [];
  private readonly anchors = new Set<string>();
  private readonly path: (string | number)[] = [];

  constructor(
    private readonly at: (offset: number) => Position,
    private readonly issue: (code: IssueCode, path: string, message: string, offset: number) => Issue,
  ) {}

  run(root: Node): Issue[] {
    this.node(root);
    return this.issues;
  }

  private node(node: unknown): void {
    if (isAlias(node)) {
      if (!this.anchors.has(node.source))
        this.report(
          'bad_text',
          `*${node.source.slice(0, 60)} names no anchor (&${node.source.slice(0, 60)}) that stands before it`,
          startOf(node),
        );
      return;
    }
    if (isMap(node)) {
      if (node.anchor !== undefined) this.anchors.add(node.anchor);
      this.map(node.items as Pair[]);
    } else if (isSeq(node)) {
      if (node.anchor !== undefined) this.anchors.add(node.anchor);
      node.items.forEach((item, index) => {
        this.inside(index, () => this.node(item));
      });
    } else if (isScalar(node) && node.anchor !== undefined) this.anchors.add(node.anchor);
  }

  private map(items: readonly Pair[]): void {
    const seen = new Map<string, number>();
    for (const { key, value } of items) {
      const name = keyName(key);
      const offset = startOf(key);
      const first = seen.get(name);
      if (name.length > MAX_NAME_LENGTH) {
        this.report('too_large', `a name here has ${name.length} characters; at most ${MAX_NAME_LENGTH} are allowed`, offset);
        continue;
      }
      this.inside(name, () => {
        if (first !== undefined) {
          const { line, column } = this.at(first);
          this.report(
            'duplicate_key',
            `'${name.slice(0, 60)}' stands here a second time; the first is at line ${line}, column ${column}`,
            offset,
          );
        }
        if (name === '<<' && isScalar(key) && key.type === 'PLAIN')
          this.report(
            'bad_text',
            'merge keys (<<) are not part of YAML 1.2; use `defaults`, or an alias for a whole value',
            offset,
          );
        this.node(key);
        this.node(value);
      });
      if (first === undefined) seen.set(name, offset);
    }
  }

  private inside(segment: string | number, check: () => void): void {
    this.path.push(segment);
    check();
    this.path.pop();
  }

  private report(code: IssueCode, message: string, offset: number): void {
    if (this.issues.length < MAX_ISSUES) this.issues.push(this.issue(code, pointer(...this.path), message, offset));
  }
}

/** As `toJS` names it in the object. */
function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value) : isAlias(key) ? key.source : String(key);
}

function startOf(node: unknown): number {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return range?.[0] ?? 0;
}

function offsetOf(doc: Doc, { path, part }: PlaceRequest): number | undefined {
  let node: unknown = doc.contents;
  let key: unknown;
  for (const segment of pointerSegments(path)) {
    if (isAlias(node)) node = node.resolve(doc);
    if (isMap(node)) {
      const pair = node.items.find((item) => keyName(item.key) === segment);
      if (pair === undefined) return undefined;
      key = pair.key;
      node = pair.value;
    } else if (isSeq(node)) {
      key = undefined;
      node = node.items[Number(segment)];
    } else return undefined;
    if (node === undefined) return undefined;
  }
  if (part === 'key' && key !== undefined) return startOf(key);
  return node === null || node === undefined ? (key === undefined ? 0 : startOf(key)) : startOf(node);
}
