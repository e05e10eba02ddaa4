import type { Json, JsonObject } from './json.js';
import { pointer } from './json-pointer.js';
import { validateJson } from './json-schema.js';

/** One input that does not fit; `pointer` into the object of inputs. */
export interface InputFault {
  readonly pointer: string;
  readonly message: string;
}

/**
 * Values by name, checked by the schemas of their names: unknown names and missing ones without `default` are faults, defaults
 * fill in the rest. `partial` = nothing is missing.
 */
export function typedInputs(
  schemas: { readonly [name: string]: JsonObject },
  given: JsonObject,
  { partial = false } = {},
): { readonly values: JsonObject; readonly faults: readonly InputFault[] } {
  const values: { [name: string]: Json } = {};
  const faults: InputFault[] = [];
  for (const name of Object.keys(schemas).sort()) {
    const schema = schemas[name]!;
    if (Object.hasOwn(given, name)) {
      values[name] = given[name]!;
      for (const fault of validateJson(schema, given[name]!))
        faults.push({
          pointer: pointer(name) + fault.pointer,
          message: `the input ${name}${fault.pointer === '' ? '' : ` at ${fault.pointer}`} ${fault.message}`,
        });
    } else if (Object.hasOwn(schema, 'default')) values[name] = schema.default!;
    else if (!partial) faults.push({ pointer: pointer(name), message: `the input ${name} is required` });
  }
  const known = Object.keys(schemas).sort();
  for (const name of Object.keys(given).sort()) {
    if (!Object.hasOwn(schemas, name))
      faults.push({
        pointer: pointer(name),
        message: `there is no input ${name.slice(0, 60)}; ${known.length === 0 ? 'none is asked for' : `asked for are ${known.join(', ')}`}`,
      });
  }
  return { values, faults };
}
