/**
 * What a spec has lost on its way here: parts whose shape was wrong or that are not supported yet, and that somebody has
 * reported already. Checks that would only repeat that, at another place, hold back.
 */
export interface Faults {
  /** Ids of tasks of which nothing but their edges is known. */
  readonly opaque: ReadonlySet<string>;
  /** Ids of tasks whose upstreams are not fully known. */
  readonly loose: ReadonlySet<string>;
  /** Ids of tasks that are mapped, or may be: `item` and `index` are theirs. */
  readonly mapped: ReadonlySet<string>;
  /** Fields of the DAG that were there and are left out: `params`, `tasks`, `defaults` ... */
  readonly dag: ReadonlySet<string>;
  /** By task id: what an inline SubDAG has lost. Default: nothing. */
  readonly inline?: ReadonlyMap<string, Faults>;
}

/** Nothing was lost. */
export const NO_FAULTS: Faults = { opaque: new Set(), loose: new Set(), mapped: new Set(), dag: new Set() };
