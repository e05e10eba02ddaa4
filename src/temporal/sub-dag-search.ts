import type { PinnedDag, VersionHeader } from '../../workflows/contract.js';
import type { DagSpec } from '../dag/spec.js';
import { referenceName, type SubDagReference, subDagReferences } from '../dag/sub-dag-references.js';
import type { DagGateway } from './dag-gateway.js';
import type { VersionStore } from './version-store.js';

/** DAGs that one run may name, over all levels: each costs a call to Temporal when the run is started. */
const MAX_DAGS = 500;

/** A reference that leads nowhere, or back. */
export interface SubDagFault {
  readonly code: 'unknown_dag' | 'unknown_version' | 'dag_cycle' | 'too_large';
  readonly message: string;
}

/** A DAG of the tree cannot take part in a run now. */
export class SubDagUnavailableError extends Error {
  override readonly name = 'SubDagUnavailableError';
}

/**
 * Versions and plans of all DAGs that a spec runs as SubDAGs, over all levels, by reference; undefined where it has none: what a run
 * pins when it is started (R9). @throws SubDagUnavailableError where one leads nowhere.
 */
export async function pinSubDags(
  spec: DagSpec,
  dags: DagGateway,
  versions: VersionStore,
): Promise<{ readonly [reference: string]: PinnedDag } | undefined> {
  const references = subDagReferences(spec);
  if (references.length === 0) return undefined;
  const search = new SubDagSearch(dags, versions);
  for (const reference of references) {
    const fault = await search.visit(reference, [spec.id]);
    if (fault !== undefined) throw new SubDagUnavailableError(fault.message);
  }
  return search.pinned();
}

/** One walk over the tree of DAGs that run one another: each is looked up once, however many name it. */
export class SubDagSearch {
  private readonly found = new Map<string, { readonly header: VersionHeader; readonly spec: DagSpec }>();

  constructor(
    private readonly dags: DagGateway,
    private readonly versions: VersionStore,
  ) {}

  /** The spec of a reference that was visited without a fault. */
  specOf(reference: SubDagReference): DagSpec {
    return this.found.get(referenceName(reference))!.spec;
  }

  /** What was visited, in order of name. */
  pinned(): { readonly [reference: string]: PinnedDag } {
    return Object.fromEntries(
      [...this.found].sort().map(([name, { header }]) => [name, { version: header.version, planKey: header.planKey }]),
    );
  }

  /** `trail` = the names of the DAGs that led here, the first being the one whose latest version the walk began with. */
  async visit(reference: SubDagReference, trail: readonly string[]): Promise<SubDagFault | undefined> {
    const name = referenceName(reference);
    if (trail.includes(name)) {
      const path = [...trail.slice(trail.indexOf(name)), name].join(' -> ');
      return {
        code: 'dag_cycle',
        message: `DAGs run one another without end: ${path}; a SubDAG never runs the DAG it is part of`,
      };
    }
    if (this.found.has(name)) return undefined;
    if (this.found.size >= MAX_DAGS)
      return {
        code: 'too_large',
        message: `more than ${MAX_DAGS} DAGs would take part in one run; run some of them on their own`,
      };
    const header = await this.headerOf(reference, trail);
    if ('code' in header) return header;
    const { spec } = await this.versions.spec(header);
    for (const next of subDagReferences(spec)) {
      const fault = await this.visit(next, [...trail, name]);
      if (fault !== undefined) return fault;
    }
    this.found.set(name, { header, spec });
    return undefined;
  }

  private async headerOf({ dag, version }: SubDagReference, trail: readonly string[]): Promise<VersionHeader | SubDagFault> {
    const by = trail.length === 1 ? '' : `, which ${trail.at(-1)} runs`;
    const head = await this.dags.head(dag);
    if (head === undefined) return { code: 'unknown_dag', message: `there is no DAG ${dag}${by}; store it first` };
    if (head.deleted)
      return { code: 'unknown_dag', message: `the DAG ${dag}${by} was deleted; store it anew, or name another` };
    if (version === undefined || version === head.latest.version) return head.latest;
    const header = (await this.dags.versions(dag, head)).find((each) => each.version === version);
    if (header !== undefined) return header;
    const newest = `its newest is ${head.latest.version}, and the newest 200 are kept`;
    return { code: 'unknown_version', message: `the DAG ${dag}${by} has no version ${version}; ${newest}` };
  }
}
