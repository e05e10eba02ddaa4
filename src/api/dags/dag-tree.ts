import { Injectable } from '@nestjs/common';
import { dagReferences, findDagCircle, waitingDag } from '../../dag/dag-circles.js';
import type { Issue } from '../../dag/issue.js';
import type { DagSpec } from '../../dag/spec.js';
import { subDagReferences } from '../../dag/sub-dag-references.js';
import { DagGateway } from '../../temporal/dag-gateway.js';
import { SubDagSearch } from '../../temporal/sub-dag-search.js';
import { VersionStore } from '../../temporal/version-store.js';
import { paramIssues } from './sub-dag-params.js';

/** Places of a circle that are named. */
const MAX_NAMED = 12;

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
    // A circle of SubDAGs is told as such.
    const isTold = issues.some(({ code }) => code === 'dag_cycle');
    issues.push(...(await this.waitIssues(spec)).filter(({ code }) => code !== 'dag_cycle' || !isTold));
    return issues;
  }

  /** DAGs that wait for each other without end, and waits for what is not there: it may come later, but may be misspelt. */
  private async waitIssues(spec: DagSpec): Promise<Issue[]> {
    const references = dagReferences(spec);
    if (references.length === 0 && subDagReferences(spec).length === 0) return [];
    const specs = new Map<string, DagSpec | undefined>([[spec.id, spec]]);
    const load = async (dag: string): Promise<DagSpec | undefined> => {
      if (!specs.has(dag)) {
        const head = await this.dags.head(dag);
        specs.set(dag, head === undefined || head.deleted ? undefined : (await this.versions.spec(head.latest)).spec);
      }
      return specs.get(dag);
    };
    const circle = await findDagCircle(waitingDag(spec), async (dag) => {
      const found = await load(dag);
      return found && waitingDag(found);
    });
    const issues: Issue[] = [];
    for (const { dag, task, path } of references) {
      const found = await load(dag);
      const warn = (at: string, code: Issue['code'], message: string): void => {
        issues.push({ code, path: `${path}/${at}`, severity: 'warning', message });
      };
      if (found === undefined)
        warn('dag', 'unknown_dag', `there is no DAG ${dag} yet; the task fails where it is still so when it begins`);
      else if (task !== undefined && !Object.hasOwn(found.tasks, task))
        warn('task', 'unknown_reference', `the newest version of ${dag} has no task '${task}'`);
    }
    if (circle !== undefined) {
      const names = circle.length > MAX_NAMED ? [...circle.slice(0, MAX_NAMED), '...', circle.at(-1)] : circle;
      const path = references.find(({ dag }) => circle.some((name) => name.split('/')[0] === dag))?.path;
      issues.push({
        ...{ code: 'dag_cycle', path: path ?? '/tasks', severity: 'error' },
        message: `DAGs wait for each other without end: ${names.join(' -> ')}; for the run of another date write an 'offset'`,
      });
    }
    return issues;
  }
}
