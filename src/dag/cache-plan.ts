import { parseDuration } from './duration.js';
import type { CachePlan } from './plan.js';
import type { CacheSpec } from './spec.js';

/** `cache` of a task of the DAG `dag`, as its activity applies it. */
export function compileCache(dag: string, { key, ttl, version }: CacheSpec): CachePlan {
  return {
    dag,
    ...(key === undefined ? {} : { key }),
    ...(ttl === undefined ? {} : { ttlMs: parseDuration(ttl) }),
    ...(version === undefined ? {} : { version: String(version) }),
  };
}
