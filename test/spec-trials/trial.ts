import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, parseDocument, visit } from 'yaml';
import { pointerSegments } from '../../src/dag/json-pointer.js';
import type { ApiCaller } from '../support/api-caller.js';

/** Where the pipelines are. */
export const FOLDER = '../shared/spec-trials';

/** Whether the pipelines are there: they lie beside the repository. */
export const TRIALS = existsSync(FOLDER);

/** Activities that stand in for types of tasks that come later; they are given the `with` of the task. */
const IN_PLACE_OF_TYPE: { readonly [type: string]: string } = { quality: 'checkQuality' };

/** What a wait between two attempts is shortened to. */
const SOON = '20ms';

/**
 * One of the pipelines as its author wrote it, made to run here: `standIns` (text to text) takes the place of hosts and folders, what
 * the service says is not supported yet is left out, and nothing waits long before another attempt. Returns YAML.
 */
export async function trial(file: string, service: ApiCaller, standIns: { readonly [text: string]: string }): Promise<string> {
  let text = readFileSync(join(FOLDER, file), 'utf8');
  for (const [theirs, ours] of Object.entries(standIns)) text = text.replaceAll(theirs, ours);
  const spec = parseDocument(text);
  const { body } = await service.post('/api/v1/dags/validate', text);
  for (const { code, path } of body.issues as readonly { readonly code: string; readonly path: string }[]) {
    if (code !== 'not_yet_supported')
      throw new Error(`${file} is refused for more than what comes later: ${JSON.stringify(body)}`);
    const place = pointerSegments(path);
    if (place.at(-1) !== 'type') {
      spec.deleteIn(place);
      continue;
    }
    const task = place.slice(0, -1);
    const name = IN_PLACE_OF_TYPE[spec.getIn(place) as string];
    spec.setIn([...task, 'with'], spec.createNode({ name, args: [spec.getIn([...task, 'with'])] }));
    spec.setIn(place, 'activity');
  }
  visit(spec, {
    Pair: (_, { key, value }) => {
      if (String(key) === 'retry' && isMap(value)) value.set('interval', SOON);
    },
  });
  return spec.toString();
}
