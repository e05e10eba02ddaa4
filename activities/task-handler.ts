import { parseTemplate, type References, renderTemplate } from '../src/dag/expression/index.js';
import type { Json } from '../src/dag/json.js';
import type { Scope } from '../src/dag/scope.js';
import type { TaskContext } from './task-context.js';

/** A task's `with`, its templates parsed: done once per stored body, never per run (R14). */
export interface PreparedInput {
  /** What its expressions name. */
  readonly references: References;
  /** Puts values in; what expressions yield is never scanned again. */
  render(scope: Scope): Json;
}

/** How one task type is carried out. */
export interface TaskHandler {
  /** Default: `with` as one template. */
  prepare?(input: Json): PreparedInput;
  /**
   * Does the work and returns the output (R17). Throws `TaskError` for failures that it names, anything else for the rest.
   * Must end soon after `context.signal` is aborted, with its processes and connections closed.
   */
  run(input: Json, context: TaskContext): Promise<unknown>;
}

/** A JSON value whose strings hold templates. */
export function templateInput(input: Json): PreparedInput {
  const template = parseTemplate(input);
  return {
    references: template.references,
    render: (scope) => (template.constant ? input : renderTemplate(template, scope)),
  };
}
