import { Injectable } from '@nestjs/common';
import type { DagHead, VersionHeader } from '../../../workflows/contract.js';
import type { Issue } from '../../dag/issue.js';
import { sortIssues } from '../../dag/issue-list.js';
import { DagGateway } from '../../temporal/dag-gateway.js';
import { timingOf } from '../../temporal/time-schedule.js';
import { VersionStore } from '../../temporal/version-store.js';
import { Problem } from '../errors/problem.js';
import type { Expectation } from '../request/etag.js';
import { pageLimit } from '../request/page.js';
import type { SpecText } from '../request/spec-body.js';
import { ApiSettings } from '../settings.js';
import { ActiveRunsService } from './active-runs.service.js';
import { DagTree } from './dag-tree.js';
import { dagView } from './dag-view.js';
import type { DagDto, DagListDto, DryRunDto, PutDagDto } from './dto/dag.dto.js';
import type { ListDagsQuery } from './dto/dag-requests.dto.js';
import { type CheckedSpec, SpecChecker } from './spec-checker.js';

/** DAGs as things that are stored, read and switched; everything durable is done by the gateway and the version store. */
@Injectable()
export class DagsService {
  constructor(
    private readonly dags: DagGateway,
    private readonly versions: VersionStore,
    private readonly checker: SpecChecker,
    private readonly tree: DagTree,
    private readonly activeRuns: ActiveRunsService,
    private readonly settings: ApiSettings,
  ) {}

  /** Checks and stores a spec: blobs first, then the pointer in Temporal. Throws problems of 400, 412 and 422. */
  async put(dagId: string, text: SpecText, expected: Expectation): Promise<PutDagDto> {
    const checked = await this.acceptable(dagId, text);
    const { canonical, spec, compiled } = checked;
    const stored = await this.versions.write(
      dagId,
      { spec: canonical, text: checked.text, mediaType: text.mediaType },
      compiled,
    );
    const { outcome, head } = await this.dags.put(dagId, {
      ...stored,
      description: spec.description,
      owner: spec.owner,
      tags: spec.tags,
      timing: timingOf(spec),
      catchup: spec.catchup,
      expected,
    });
    await this.activeRuns.follow(head, spec.maxActiveRuns);
    return { ...dagView(head), outcome, issues: checked.issues };
  }

  /** Everything that {@link put} would refuse, and what it would do; stores nothing. */
  async dryRun(dagId: string, text: SpecText, expected: Expectation): Promise<DryRunDto> {
    const { canonical, issues } = await this.acceptable(dagId, text);
    const hash = VersionStore.hashOf(canonical);
    const head = await this.dags.head(dagId);
    const current = head?.deleted ? undefined : head?.latest.hash;
    const met =
      expected === undefined ||
      (expected === 'none' ? current === undefined : current !== undefined && (expected === '*' || expected === current));
    if (!met)
      throw new Problem(
        'precondition_failed',
        current === undefined ? 'There is no such DAG yet.' : `The DAG is in version ${head?.latest.version}.`,
      );
    return {
      dagId,
      dryRun: true,
      hash,
      outcome: current === undefined ? 'created' : current === hash ? 'unchanged' : 'updated',
      issues,
    };
  }

  /** The head of a DAG that exists. Throws 404 where there never was one, 410 where it was deleted. */
  async head(dagId: string): Promise<DagHead> {
    const head = await this.headOrTombstone(dagId);
    if (head.deleted)
      throw new Problem(
        'dag_deleted',
        `The DAG ${dagId} was deleted. Its runs and versions can still be read; PUT stores it anew.`,
      );
    return head;
  }

  /** As {@link head}, deleted ones included: their versions stay readable. */
  async headOrTombstone(dagId: string): Promise<DagHead> {
    const head = await this.dags.head(dagId);
    if (head) return head;
    throw new Problem('dag_not_found', `There is no DAG ${dagId}. Store one with PUT.`);
  }

  /** One version's header. Throws 404. */
  async version(dagId: string, version: number): Promise<VersionHeader> {
    const head = await this.headOrTombstone(dagId);
    if (head.latest.version === version) return head.latest;
    const found = (await this.dags.versions(dagId, head)).find((header) => header.version === version);
    if (found) return found;
    throw new Problem(
      'version_not_found',
      `The DAG ${dagId} has no version ${version}; its newest is ${head.latest.version}, and the newest 200 are kept.`,
    );
  }

  /** Headers, newest first. */
  async versionList(dagId: string): Promise<readonly VersionHeader[]> {
    return this.dags.versions(dagId, await this.headOrTombstone(dagId));
  }

  async list({ tag, paused, limit, cursor }: ListDagsQuery): Promise<DagListDto> {
    const page = await this.dags.list({
      tag,
      paused: paused === undefined ? undefined : paused === 'true',
      limit: pageLimit(limit, this.settings.limits.page),
      cursor,
    });
    return { items: page.items.map(dagView), nextCursor: page.nextCursor };
  }

  async pause(dagId: string, paused: boolean): Promise<DagDto> {
    await this.head(dagId);
    return dagView(await this.dags.pause(dagId, paused));
  }

  /** Leaves a tombstone. */
  async remove(dagId: string): Promise<void> {
    await this.dags.remove(dagId);
  }

  private async acceptable(dagId: string, text: SpecText): Promise<Required<CheckedSpec>> {
    const checked = await this.withReferences(this.checker.check(text));
    const errors = checked.issues.filter(({ severity }) => severity === 'error');
    if (checked.unreadable) {
      throw new Problem('unreadable_spec', errors[0]?.message ?? 'The body is not a spec.', { issues: checked.issues });
    }
    const { spec, compiled } = checked;
    const issues = spec && spec.id !== dagId ? [idMismatch(spec.id, dagId), ...checked.issues] : checked.issues;
    if (errors.length > 0 || issues !== checked.issues || !spec || !compiled) {
      const count = issues.filter(({ severity }) => severity === 'error').length;
      throw new Problem('invalid_spec', `The spec has ${count === 1 ? 'one error' : `${count} errors`}; see issues.`, {
        issues,
      });
    }
    return { ...checked, spec, compiled, unreadable: false };
  }

  /** Other DAGs are looked at only for a spec that is right in itself. */
  private async withReferences(checked: CheckedSpec): Promise<CheckedSpec> {
    if (checked.spec === undefined || checked.compiled === undefined) return checked;
    const found = checked.locate(await this.tree.issues(checked.spec));
    return found.length === 0 ? checked : { ...checked, issues: sortIssues([...checked.issues, ...found]) };
  }
}

function idMismatch(id: string, dagId: string): Issue {
  return {
    code: 'id_mismatch',
    path: '/id',
    severity: 'error',
    message: `the spec's id is ${JSON.stringify(id)}, but the address says ${JSON.stringify(dagId)}; make them the same`,
  };
}
