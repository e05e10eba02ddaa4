/** The expression language: CEL inside `${{ }}`, evaluated by our own bounded evaluator (R14, R16). */
export { checkExpressionCost } from './cost.js';
export { type EvaluateOptions, evaluateExpression } from './evaluate.js';
export {
  ExpressionBudgetError,
  ExpressionError,
  type ExpressionSyntaxCode,
  ExpressionSyntaxError,
} from './expression-error.js';
export { FUNCTIONS } from './function-catalogue.js';
export { Meter } from './meter.js';
export { type ParsedExpression, type ParseOptions, parseExpression } from './parse-expression.js';
export { mergeReferences, NO_REFERENCES, type References, type TaskReference } from './references.js';
export { type RenderOptions, renderTemplate } from './render-template.js';
export { correctTaskForm, isDotId, type TaskForm, taskForm } from './task-form.js';
export {
  expressionSource,
  holdsExpression,
  type ParsedTemplate,
  parseTemplate,
  TemplateError,
  type TemplateExpression,
  type TemplateSegment,
  type TemplateString,
} from './template.js';
export { textOf } from './value.js';
