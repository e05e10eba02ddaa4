import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/dag/json.js';
import { pointerSegments } from '../../src/dag/json-pointer.js';
import { checkSpec } from '../../src/spec/check-spec.js';
import { schemaProblems } from '../support/spec-schema-validator.js';

const FOLDER = '../shared/spec-trials';
const SPECS = existsSync(FOLDER)
  ? readdirSync(FOLDER)
      .filter((name) => name.endsWith('.yaml') && !name.includes('.request.'))
      .sort()
  : [];

/** What each real pipeline is refused for: fields and types of later work, nothing else. */
const LATER: { readonly [file: string]: readonly string[] } = {
  'a-user-analytics.yaml': [
    '/tasks/check_users/type',
    '/tasks/load_to_warehouse/outlets',
    '/tasks/load_to_warehouse/pool',
    '/tasks/transform_event_data/pool',
  ],
  'b-nightly-files.yaml': ['/tasks/transform/pool', '/tasks/transform/poolSlots'],
  'c-fan-out-in.yaml': [],
  'd-orders-elt.yaml': [
    '/tasks/check_raw/type',
    '/tasks/extract/inlets',
    '/tasks/extract/outlets',
    '/tasks/merge_orders/outlets',
    '/tasks/merge_orders/pool',
    '/tasks/transform/pool',
    '/tasks/transform/poolSlots',
    '/tasks/wait_export/with/file',
  ],
  'e1-load-table.yaml': [],
  'e2-load-domain.yaml': [],
  'e3-nightly-load.yaml': [],
  'f-match-files.yaml': ['/schedule/events', '/tasks/check_files/type', '/tasks/match/outlets'],
};

describe.skipIf(SPECS.length === 0)('real pipelines written in the whole language', () => {
  test.each(SPECS)('%s gets not_yet_supported for what comes later, and nothing else', (file) => {
    const { issues, dag } = checkSpec(readFileSync(join(FOLDER, file)), 'yaml', { ownQueues: ['baton'] });
    expect(issues.filter(({ code }) => code !== 'not_yet_supported')).toEqual([]);
    expect(issues.map(({ path }) => path)).toEqual(LATER[file]);
    expect(issues.every(({ line, column }) => (line ?? 0) > 0 && (column ?? 0) > 0)).toBe(true);
    expect(dag === undefined).toBe(issues.length > 0);
  });

  test.each(SPECS)('%s, without what comes later, is valid and conforms to the JSON Schema', (file) => {
    const { issues, canonical } = checkSpec(readFileSync(join(FOLDER, file)), 'yaml', { ownQueues: ['baton'] });
    const accepted = structuredClone(canonical);
    for (const { path } of issues) remove(accepted, path);
    expect(schemaProblems(accepted)).toEqual([]);
    const noise = new Set(checkSpec(JSON.stringify(accepted), 'json', { ownQueues: ['baton'] }).issues.map(({ code }) => code));
    // What names a removed part is dangling now; no shape is wrong.
    for (const code of noise)
      expect([
        'unknown_reference',
        'unknown_dependency',
        'reference_not_upstream',
        'param_without_default',
        'no_tasks',
        'wait_condition',
      ]).toContain(code);
  });
});

/** Takes a refused field out; a task of a refused type as a whole; an event schedule as a whole. */
function remove(root: Json, path: string): void {
  const segments = pointerSegments(path);
  if (segments.at(-1) === 'type' || segments[0] === 'schedule') segments.pop();
  let node = root as { [key: string]: Json };
  for (const segment of segments.slice(0, -1)) {
    if (!Object.hasOwn(node, segment)) return;
    node = node[segment] as { [key: string]: Json };
  }
  delete node[segments.at(-1) as string];
}
