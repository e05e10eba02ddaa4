import { describe, expect, it } from 'vitest';
import {
  ExpressionError,
  expressionSource,
  parseTemplate,
  renderTemplate,
  TemplateError,
  textOf,
} from '../../../src/dag/expression/index.js';
import type { Json } from '../../../src/dag/json.js';

const scope = {
  params: { a: 1, s: 'text', list: [1, 'x'], none: null, evil: '${{ params.s }}', f: 0.1, object: { b: 1, a: [] }, yes: true },
};
const render = (template: Json): Json => renderTemplate(parseTemplate(template), scope);

describe('a template renders', () => {
  it.each<[Json, Json]>([
    ['plain', 'plain'],
    [5, 5],
    [null, null],
    ['${{ params.a }}', 1],
    ['${{params.list}}', [1, 'x']],
    ['\n  ${{ params.a }}\n', 1],
    ['a${{ params.a }}b', 'a1b'],
    ['${{ params.a }}${{ params.s }}', '1text'],
    ['${{ params.a }} ${{ params.s }}', '1 text'],
    ['${{ params.none }}', null],
    ['[${{ params.none }}]', '[]'],
    ['x=${{ params.list }}', 'x=[1,"x"]'],
    ['x=${{ params.object }}', 'x={"a":[],"b":1}'],
    ['x=${{ params.f }} ${{ params.yes }}', 'x=0.1 true'],
    ["${{ {'a': {'b': params.a}} }}", { a: { b: 1 } }],
    ["${{ {'a':{'b':1}}}}", { a: { b: 1 } }],
    ["${{ '}}' }}", '}}'],
    ['x${{ "}}" + \'"}}\' }}y', 'x}}"}}y'],
    ["${{ '''}}''' }}", '}}'],
    ["${{ '${{' }}", '${{'],
    ["${{ 1 // a comment, it's ignored }}", 1],
    ['${{ params.evil }}', '${{ params.s }}'],
    ['<${{ params.evil }}>', '<${{ params.s }}>'],
    ['costs $${{ params.a }}', 'costs $1'],
    ['a }} b { c ${ d', 'a }} b { c ${ d'],
    [
      { a: ['${{ params.a }}', { b: 'x${{ params.a }}' }], c: true },
      { a: [1, { b: 'x1' }], c: true },
    ],
  ])('%j as %j', (template, value) => {
    expect(render(template)).toEqual(value);
  });
});

describe('a template that cannot be read', () => {
  it.each<[Json, string, number, string]>([
    ['a ${{ params.a', '', 2, 'not closed by }}'],
    ['${{', '', 0, 'not closed'],
    ["${{ it's }}", '', 0, 'string at character 6 has no closing quote'],
    ["${{ {'a': 1 }}", '', 0, 'brace'],
    [{ 'a/b': ['x', 'y ${{ 1 + }}'] }, '/a~1b/1', 10, 'unexpected the end'],
    ['${{ }}', '', 3, 'empty'],
    [{ '${{ params.a }}': 1 }, '/${{ params.a }}', 0, 'a key cannot hold an expression'],
  ])('%j', (template, pointer, offset, message) => {
    try {
      parseTemplate(template);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TemplateError);
      expect(error).toMatchObject({ pointer, offset });
      expect((error as Error).message).toContain(message);
    }
  });

  it('can give all its problems at once', () => {
    const problems: string[] = [];
    parseTemplate({ a: '${{ 1 + }}', b: ['${{ foo( }}'], c: '${{ 1 }}' }, { onError: (error) => problems.push(error.pointer) });
    expect(problems).toEqual(['/a', '/b/0']);
  });

  it('is refused when it nests too deep, without overflow', () => {
    let deep: Json = '${{ 1 }}';
    for (let i = 0; i < 50_000; i++) deep = [deep];
    expect(() => parseTemplate(deep)).toThrow(/deeper than 100/);
  });
});

describe('a parsed template', () => {
  it('says whether it holds expressions, where, and what they name', () => {
    expect(parseTemplate({ a: ['x', 1] }).constant).toBe(true);
    const parsed = parseTemplate({ a: '${{ params.x }}', b: ["select '${{ params.y }}' from ${{ ident(tasks.t.output) }}"] });
    expect(parsed.constant).toBe(false);
    expect(
      parsed.expressions.map(({ pointer, whole, expression }) => [
        pointer,
        whole,
        expression.source.trim(),
        expression.identifier,
      ]),
    ).toEqual([
      ['/a', true, 'params.x', false],
      ['/b/0', false, 'params.y', false],
      ['/b/0', false, 'ident(tasks.t.output)', true],
    ]);
    expect(parsed.references).toMatchObject({ params: ['x', 'y'], tasks: [{ id: 't', form: 'dot', field: 'output' }] });
  });

  it('gives the text around each expression', () => {
    const [string] = parseTemplate({ q: "a '${{ 1 }}' b ${{ 2 }}" }).strings;
    expect(string?.pointer).toBe('/q');
    expect(string?.segments.map((segment) => (typeof segment === 'string' ? segment : segment.source.trim()))).toEqual([
      "a '",
      '1',
      "' b ",
      '2',
    ]);
  });

  it('lets the caller write values as text, for SQL', () => {
    const parsed = parseTemplate("select ${{ params.s }}, ${{ ident('c') }}, ${{ params.none }}");
    expect(
      renderTemplate(parsed, scope, {
        text: (value, { identifier }) => (identifier ? `"${textOf(value)}"` : value === null ? 'null' : `'${textOf(value)}'`),
      }),
    ).toBe(`select 'text', "c", null`);
  });

  it('names the place and the expression when rendering fails', () => {
    const parsed = parseTemplate({ url: ['x${{ params.q }}'] });
    expect(() => renderTemplate(parsed, scope)).toThrow(ExpressionError);
    expect(() => renderTemplate(parsed, scope)).toThrow(/^\/url\/0: \$\{\{ params\.q }}: params has no key "q"/);
  });

  it('keeps a key named __proto__ as data', () => {
    const rendered = render(JSON.parse('{"__proto__": "${{ params.a }}"}') as Json);
    expect(JSON.stringify(rendered)).toBe('{"__proto__":1}');
  });

  it('of 10,000 strings is read and rendered in linear time', () => {
    const template = Array.from({ length: 10_000 }, (_, i) => `n${i}: \${{ params.a + ${i} }}`);
    const rendered = render(template) as string[];
    expect(rendered[9_999]).toBe('n9999: 10000');
  });

  it('in one string with 10,000 expressions or openings is linear too', () => {
    expect((render('${{ params.a }},'.repeat(10_000)) as string).length).toBe(20_000);
    expect(() => parseTemplate('${{ "a" '.repeat(100_000))).toThrow(TemplateError);
  });
});

describe('expressionSource', () => {
  it.each<[string, string | undefined]>([
    ['${{ a }}', ' a '],
    [' ${{ a }}\n', ' a '],
    ['${{a}}', 'a'],
    ["${{ {'a': {}} }}", " {'a': {}} "],
    ["${{ '}}' }}", " '}}' "],
    ['${{ a }} ${{ b }}', undefined],
    ['x ${{ a }}', undefined],
    ['${{ a', undefined],
    ['${{}}', ''],
    ['${{}', undefined],
    ['a', undefined],
    ['', undefined],
  ])('of %j is %j', (text, source) => {
    expect(expressionSource(text)).toBe(source);
  });
});
