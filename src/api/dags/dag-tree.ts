import { Injectable } from '@nestjs/common';
import type { Issue } from '../../dag/issue.js';
import type { DagSpec } from '../../dag/spec.js';
import { subDagReferences } from '../../dag/sub-dag-references.js';
import { DagGateway } from '../../temporal/dag-gateway.js';
import { SubDagSearch } from '../../temporal/sub-dag-search.js';
import { VersionStore } from '../../temporal/version-store.js';
import { paramIssues } from './sub-dag-params.js';

/** The DAGs that a DAG runs as SubDAGs, and those that they run: found when it is stored (R9). */
@Injectable()
export class DagTree {
  constructor(
    private readonly dags: DagGateway,
    private readonly versions: VersionStore,
  ) {}

  /** What is wrong with the references of a spec that is to be stored; nothing is asked of Temporal where it has none. */
  async issues(spec: DagSpec): Promise<Issue[]> {
    const search = new SubDagSearch(this.dags, this.versions);
    const issues: Issue[] = [];
    for (const reference of subDagReferences(spec)) {
      const fault = await search.visit(reference, [spec.id]);
      const at = fault?.code === 'unknown_version' && reference.version !== undefined ? 'version' : 'dag';
      if (fault !== undefined) issues.push({ ...fault, path: `${reference.path}/${at}`, severity: 'error' });
      else issues.push(...paramIssues(reference, search.specOf(reference)));
    }
    return issues;
  }
}
