import type { JsonObject } from '../../src/dag/json.js';
import { type TaskHandler, templateInput } from '../task-handler.js';
import { FileWatch } from './wait-file.js';
import { httpWait } from './wait-http.js';
import { sqlWait } from './wait-sql.js';

/** What polls are made of. */
export interface WaitParts {
  readonly http: TaskHandler;
  readonly sql: TaskHandler;
  /** Folders whose files a wait sees; relative names are below the first. */
  readonly dataFolders: readonly string[];
}

/**
 * Type `wait`, the part that looks: `with: {file}`, `{http}` or `{sql}`. One run is one poll: it returns what the wait met with
 * `timedOut: false` (R17), or throws `NotYet`. Trouble that may be over the next time is for the caller to take as not yet.
 */
export function waitHandler({ http, sql, dataFolders }: WaitParts): TaskHandler {
  const files = new FileWatch(dataFolders);
  const polls: { readonly [what: string]: TaskHandler } = {
    http: httpWait(http),
    sql: sqlWait(sql),
    file: { run: (pattern, context) => files.look(pattern, context) },
  };
  const pollOf = (input: JsonObject): readonly [string, TaskHandler] => {
    const what = Object.keys(polls).find((name) => Object.hasOwn(input, name)) ?? 'file';
    return [what, polls[what]!];
  };
  return {
    prepare: (input) => {
      const [what, poll] = pollOf(input as JsonObject);
      const part = (input as JsonObject)[what] ?? null;
      const { references, render } = poll.prepare?.(part) ?? templateInput(part);
      return { references, render: (scope) => ({ [what]: render(scope) }) };
    },
    run: async (input, context) => {
      const [what, poll] = pollOf(input as JsonObject);
      return { timedOut: false, ...((await poll.run((input as JsonObject)[what] ?? null, context)) as object) };
    },
  };
}
