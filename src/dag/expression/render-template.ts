import type { Json } from '../json.js';
import type { Scope } from '../scope.js';
import { type EvaluateOptions, evaluateMetered } from './evaluate.js';
import { ExpressionBudgetError, ExpressionError } from './expression-error.js';
import { DEFAULT_BUDGET, Meter } from './meter.js';
import type { ParsedExpression } from './parse-expression.js';
import { mapEntries, type ParsedTemplate, type TemplateNode } from './template.js';
import { chargeText, textOf } from './value.js';

/** Options of {@link renderTemplate}; the steps are those of all its expressions together. */
export interface RenderOptions extends EvaluateOptions {
  /** How a value is written inside text. Default {@link textOf}; SQL quotes here, and asks `expression.identifier`. */
  text?(value: Json, expression: ParsedExpression): string;
}

/**
 * The value of a template: a string that is one whole expression gives that expression's value with its type, any other
 * gives text. What expressions insert is never scanned again. Throws ExpressionError naming the place.
 */
export function renderTemplate(parsed: ParsedTemplate, scope: Scope, options: RenderOptions = {}): Json {
  const meter = options.meter ?? new Meter(options.budget ?? DEFAULT_BUDGET);
  const text = options.text ?? textOf;

  const evaluate = (expression: ParsedExpression, pointer: string, use: (value: Json) => Json = (value) => value): Json => {
    try {
      return use(evaluateMetered(expression, scope, meter));
    } catch (error) {
      throw error instanceof ExpressionError ? placed(error, expression, pointer) : error;
    }
  };
  const written = (expression: ParsedExpression, pointer: string): string =>
    evaluate(expression, pointer, (value) => {
      chargeText(value, meter);
      return text(value, expression);
    }) as string;
  const render = (node: TemplateNode): Json => {
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'whole':
        return evaluate(node.expression, node.pointer);
      case 'text':
        return node.segments
          .map((segment) => (typeof segment === 'string' ? segment : written(segment, node.pointer)))
          .join('');
      case 'list':
        return node.items.map(render);
      case 'object':
        return mapEntries(node.entries, render);
      default:
        throw new Error(`unknown template node ${JSON.stringify(node satisfies never)}`);
    }
  };
  return render(parsed.root);
}

function placed(error: ExpressionError, expression: ParsedExpression, pointer: string): ExpressionError {
  const source = expression.source.trim().replace(/\s+/g, ' ');
  const message = `${at(pointer)}\${{ ${source.length > 120 ? `${source.slice(0, 117)}…` : source} }}: ${error.message}`;
  return error instanceof ExpressionBudgetError ? new ExpressionBudgetError(message) : new ExpressionError(message);
}

function at(pointer: string): string {
  return pointer === '' ? '' : `${pointer}: `;
}
