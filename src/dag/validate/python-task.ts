import type { JsonObject } from '../json.js';
import type { Checking } from './checking.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_REQUIREMENTS = 100;

/** The input of a python task: one source of code, a function to call, requirements that are packages and not options of pip. */
export function checkPython({ issues }: Checking, input: JsonObject = {}, path: string): void {
  const { script, file, args, requirements } = input;
  if (script !== undefined && file !== undefined)
    issues.error('not_allowed_with', `${path}/file`, "either 'script' or 'file' holds the code, not both");
  if (script === undefined && file === undefined)
    issues.error('invalid_value', path, "a task of type python needs its code: 'script', or 'file'");
  for (const name of ['script', 'file'] as const)
    if (typeof input[name] === 'string' && input[name].trim() === '')
      issues.error('invalid_value', `${path}/${name}`, `'${name}' is empty`);
  if (typeof input.function === 'string' && !NAME.test(input.function))
    issues.error('invalid_value', `${path}/function`, 'must be the name of a function in the code, such as main');
  const whole = typeof args === 'string' && args.trimStart().startsWith('${{');
  if (args !== undefined && (typeof args !== 'object' || args === null) && !whole)
    issues.error(
      'wrong_type',
      `${path}/args`,
      'must be a map of keyword arguments, a list, or one expression that gives either',
    );
  if (!Array.isArray(requirements)) return;
  if (requirements.length > MAX_REQUIREMENTS)
    issues.error(
      'invalid_value',
      `${path}/requirements`,
      `has ${requirements.length} packages; at most ${MAX_REQUIREMENTS} are allowed`,
    );
  requirements.forEach((each, index) => {
    if (typeof each === 'string' && !/^[^-\s][^\r\n\0]*$/.test(each))
      issues.error(
        'invalid_value',
        `${path}/requirements/${index}`,
        "must be one package as pip names it, such as polars==1.9.0; options of pip are the machine's own settings",
      );
  });
}
