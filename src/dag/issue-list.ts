import { type Issue, type IssueCode, MAX_ISSUES } from './issue.js';
import { comparePointers } from './json-pointer.js';

/** More than these are not kept: a hostile text could hold a million. Those that are reported are chosen among these. */
const MAX_KEPT = 2_000;

/** Collects issues: no issue twice, whatever finds it first. */
export class IssueList {
  private readonly found = new Map<string, Issue>();

  /** Errors only: warnings stop nobody. */
  hasErrors = false;

  /** Nothing more will be kept: whoever finds issues in a loop may stop. */
  get isFull(): boolean {
    return this.found.size >= MAX_KEPT;
  }

  error(code: IssueCode, path: string, message: string): void {
    this.hasErrors = true;
    this.add({ code, path, message, severity: 'error' });
  }

  warning(code: IssueCode, path: string, message: string): void {
    this.add({ code, path, message, severity: 'warning' });
  }

  add(issue: Issue): void {
    if (issue.severity === 'error') this.hasErrors = true;
    if (this.isFull) return;
    const key = `${issue.code} ${issue.path} ${issue.message}`;
    if (!this.found.has(key)) this.found.set(key, issue);
  }

  /** At most {@link MAX_ISSUES} (R24), errors kept before warnings, then ordered by path. */
  toArray(): Issue[] {
    return sortIssues([...this.found.values()]);
  }
}

/** Orders issues by path (numbers by value), then code; over {@link MAX_ISSUES} the last ones go, warnings first (R24). */
export function sortIssues(issues: readonly Issue[]): Issue[] {
  const byPath = (a: Issue, b: Issue): number =>
    comparePointers(a.path, b.path) || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
  const sorted = [...issues].sort(byPath);
  if (sorted.length <= MAX_ISSUES) return sorted;
  const errors = sorted.filter((issue) => issue.severity === 'error').slice(0, MAX_ISSUES);
  const warnings = sorted.filter((issue) => issue.severity === 'warning').slice(0, MAX_ISSUES - errors.length);
  return [...errors, ...warnings].sort(byPath);
}
