import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as activities from '../../examples/activities/index.js';
import { checkSpec } from '../../src/spec/check-spec.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../examples');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));

describe('the examples', () => {
  it.each(files)('%s is valid, without a warning', (file) => {
    const { dag, issues } = checkSpec(readFileSync(join(folder, file)), 'yaml', { ownQueues: ['baton'] });
    expect(issues).toEqual([]);
    expect(dag?.id).toBe(file.replace(/(\/pipeline)?\.yaml$/, ''));
  });

  it.each(files)('%s uses only activities that exist', (file) => {
    const { dag } = checkSpec(readFileSync(join(folder, file)), 'yaml', { ownQueues: ['baton'] });
    const own = Object.values(dag?.tasks ?? {}).filter((task) => task.type === 'activity' && task.queue === undefined);
    const named = own.map((task) => String(task.with?.name));
    expect(named.filter((name) => !Object.hasOwn(activities, name))).toEqual([]);
  });
});
