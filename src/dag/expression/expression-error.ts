/** The codes of {@link ExpressionSyntaxError}: the issue that `validate` raises for it. */
export type ExpressionSyntaxCode = 'expression_invalid' | 'expression_too_long' | 'expression_task_id';

/** The text is no expression of ours. `offset` counts UTF-16 units from the start of the source. */
export class ExpressionSyntaxError extends Error {
  override readonly name = 'ExpressionSyntaxError';
  constructor(
    message: string,
    readonly offset: number,
    readonly code: ExpressionSyntaxCode = 'expression_invalid',
  ) {
    super(message);
  }
}

/** An expression could not be evaluated. `message` names the part and what to do; it holds types and key names, never values. */
export class ExpressionError extends Error {
  override readonly name: string = 'ExpressionError';
  /** `explain` gives the full message where making it takes a search: it is asked only when nothing absorbs the error. */
  constructor(
    message: string,
    readonly explain?: () => string,
  ) {
    super(message);
  }
}

/** The expression costs too much: the one error that `||`, `&&`, `all` and `exists` never absorb. */
export class ExpressionBudgetError extends ExpressionError {
  override readonly name = 'ExpressionBudgetError';
}
