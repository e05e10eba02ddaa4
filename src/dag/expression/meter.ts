import { compilePattern, type Pattern, PatternError } from '../pattern.js';
import { ExpressionBudgetError, ExpressionError } from './expression-error.js';

/** Steps of one evaluation unless told otherwise: well under a second, whatever the expression. */
export const DEFAULT_BUDGET = 1_000_000;
/** Characters of JSON that the results of one evaluation, or of one template, may have together. */
export const MAX_RESULT_LENGTH = 64 * 1024 * 1024;
/** Characters of text that `matches` looks at. */
const MAX_MATCH_LENGTH = 1024 * 1024;
/** Characters produced or looked at per step: a budget of 1,000,000 makes at most 16 Mi characters of text. */
const TEXT_PER_STEP = 16;

/** Counts the steps of one evaluation and ends it when the budget is spent: the reason that no expression hangs. */
export class Meter {
  private left: number;
  private results = 0;
  private readonly patterns = new Map<string, Pattern>();
  /** Lengths of values that were measured: none is walked twice. */
  readonly lengths = new WeakMap<object, number>();

  /** `resultLength` = about how many characters of JSON the results may have together. */
  constructor(
    private readonly budget: number = DEFAULT_BUDGET,
    private readonly resultLength: number = MAX_RESULT_LENGTH,
  ) {
    this.left = budget;
  }

  /** Steps taken so far, those for looking at the results included. */
  get used(): number {
    return this.budget - Math.max(0, this.left) + Math.floor(Math.min(this.results, this.resultLength) / TEXT_PER_STEP);
  }

  /** Throws {@link ExpressionBudgetError} once all steps are spent. */
  charge(steps: number): void {
    this.left -= steps;
    if (!(this.left >= 0)) {
      throw new ExpressionBudgetError(
        `the expression takes more than ${this.budget} steps: work on less data, or do it in a task (sql, python, activity)`,
      );
    }
  }

  /** Charges for text that is about to be made or read. */
  text(length: number): void {
    if (length > MAX_RESULT_LENGTH)
      throw new ExpressionBudgetError(`a text of ${length} characters is too long; the limit is ${MAX_RESULT_LENGTH}`);
    this.charge(1 + Math.floor(length / TEXT_PER_STEP));
  }

  /** Counts a result of about so many characters of JSON. */
  result(length: number): void {
    this.results += length;
    if (!(this.results <= this.resultLength)) {
      throw new ExpressionBudgetError(
        `the result has about ${this.results} characters of JSON; the limit is ${this.resultLength}`,
      );
    }
  }

  /** Charges for looking for `needle` in `text`: the engine's worst case is the product of the two lengths. */
  search(text: string, needle: string): void {
    this.charge(1 + Math.floor((text.length * Math.min(needle.length + 1, text.length)) / 256));
  }

  /** Whether some part of the text matches; linear, by RE2. */
  matches(text: string, source: string): boolean {
    let pattern = this.patterns.get(source);
    if (pattern === undefined) {
      try {
        pattern = compilePattern(source);
      } catch (error) {
        if (error instanceof PatternError) throw new ExpressionError(`matches(): ${error.message}`);
        throw error;
      }
      this.charge(1_000 + 20 * pattern.size);
      this.patterns.set(source, pattern);
    }
    if (text.length > MAX_MATCH_LENGTH)
      throw new ExpressionError(
        `matches() looks at texts of at most ${MAX_MATCH_LENGTH} characters; this one has ${text.length}`,
      );
    this.charge(pattern.steps(text.length));
    return pattern.test(text);
  }
}
