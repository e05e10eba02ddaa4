import type { Json, JsonObject } from '../../src/dag/json.js';
import { type TaskHandler, templateInput } from '../task-handler.js';
import { NotYet } from './not-yet.js';

/** A poll by a query: met when there is a row whose first value is neither null, false, 0 nor an empty text. */
export function sqlWait(sql: TaskHandler): TaskHandler {
  return {
    prepare: (input) => sql.prepare?.(input) ?? templateInput(input),
    run: async (input, context) => {
      const { rows, columns, rowCount } = (await sql.run(input, context)) as {
        readonly rows: readonly JsonObject[];
        readonly columns: readonly { readonly name: string }[];
        readonly rowCount: number;
      };
      const row = rows[0];
      if (row === undefined) throw new NotYet('the query gives no row');
      const name = columns[0]?.name ?? '';
      const value: Json = row[name] ?? null;
      if (value) return { value, rowCount };
      throw new NotYet(`the query gives ${name} = ${JSON.stringify(value)}`);
    },
  };
}
