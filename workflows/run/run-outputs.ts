import type { Json } from '../../src/dag/json.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { Failure } from '../../src/dag/state.js';
import type { RunLedger } from './run-ledger.js';
import type { RunValues } from './run-values.js';

/** Outputs of a DAG are for other programs to read, not for data: more than this many characters of JSON is refused. */
const MAX_OUTPUTS_CHARS = 256 * 1024;

/**
 * DAG outputs: expressions over the ended tasks. One that cannot be computed fails the run (R21); one that is made of tasks which the
 * run does not have is null.
 */
export async function computeOutputs(plan: DagPlan, values: RunValues, ledger: RunLedger): Promise<Failure | undefined> {
  if (plan.outputs === undefined) return undefined;
  const outputs: { [name: string]: Json } = {};
  let chars = 0;
  for (const [name, template] of plan.outputs) {
    if (values.needsLeftOut(template)) {
      outputs[name] = null;
      continue;
    }
    const answer = await values.template(template, `outputs.${name}`, MAX_OUTPUTS_CHARS);
    if ('error' in answer) return { kind: 'output', message: `output ${name}: ${answer.error}` };
    if (!('value' in answer.output)) return tooLarge(name);
    chars += JSON.stringify(answer.output.value).length;
    if (chars > MAX_OUTPUTS_CHARS) return tooLarge(name);
    outputs[name] = answer.output.value;
  }
  ledger.outputs = outputs;
  return undefined;
}

function tooLarge(name: string): Failure {
  return {
    kind: 'output',
    message: `output ${name}: the outputs of a DAG together may have ${MAX_OUTPUTS_CHARS} characters of JSON; give the place of the data instead`,
  };
}
