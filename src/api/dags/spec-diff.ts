import type { Json, JsonObject } from '../../dag/json.js';
import type { SpecChangeDto } from './dto/version.dto.js';

/**
 * Differences of two specs, in order of place. Objects are compared key by key; lists and plain values are replaced
 * whole, since the items of a list have no names by which a reader would follow them.
 */
export function diffSpecs(before: Json, after: Json): SpecChangeDto[] {
  const changes: SpecChangeDto[] = [];
  compare(before, after, '', changes);
  return changes;
}

function compare(before: Json, after: Json, path: string, changes: SpecChangeDto[]): void {
  if (isObject(before) && isObject(after)) {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
      const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (!Object.hasOwn(after, key)) changes.push({ op: 'remove', path: at, before: before[key] });
      else if (!Object.hasOwn(before, key)) changes.push({ op: 'add', path: at, after: after[key] });
      else compare(before[key] as Json, after[key] as Json, at, changes);
    }
  } else if (!sameJson(before, after)) changes.push({ op: 'replace', path, before, after });
}

function sameJson(a: Json, b: Json): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameJson(item, b[i] as Json));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] as Json, b[key] as Json))
  );
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
