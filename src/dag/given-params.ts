import type { Json, JsonObject } from './json.js';
import { pointer } from './json-pointer.js';
import { validateJson } from './json-schema.js';

/** A value that is missing, unknown or does not fit its schema. */
export interface ParamFault {
  /** JSON pointer into the params. */
  readonly pointer: string;
  readonly detail: string;
}

/** Names of params listed in a message, at most. */
const NAMED = 20;

/** The params of a run: what was given, checked by the DAG's schemas, with defaults for the rest (R21). */
export function givenParams(
  schemas: { readonly [name: string]: JsonObject },
  given: JsonObject,
): { readonly params: JsonObject; readonly faults: readonly ParamFault[] } {
  const faults: ParamFault[] = [];
  const values: [string, Json][] = [];
  for (const [name, schema] of Object.entries(schemas)) {
    const at = pointer(name);
    if (Object.hasOwn(given, name)) {
      const value = given[name]!;
      values.push([name, value]);
      for (const fault of validateJson(schema, value)) {
        const detail = `the param ${name}${fault.pointer === '' ? '' : ` at ${fault.pointer}`} ${fault.message}`;
        faults.push({ pointer: at + fault.pointer, detail });
      }
    } else if (Object.hasOwn(schema, 'default')) values.push([name, schema.default!]);
    else faults.push({ pointer: at, detail: `the param ${name} is required` });
  }
  const known = Object.keys(schemas);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(schemas, name)) continue;
    const has = known.length === 0 ? 'it takes none' : `it has ${known.slice(0, NAMED).join(', ')}`;
    faults.push({ pointer: pointer(name), detail: `the DAG has no param ${name}; ${has}` });
  }
  return { params: Object.fromEntries(values), faults };
}
