import type { DagHead, VersionHeader } from '../../../workflows/contract.js';
import { API, dagPath } from '../base-path.js';
import { instant } from '../instant.js';
import type { DagDto } from './dto/dag.dto.js';
import type { VersionDto } from './dto/version.dto.js';

/** A DAG's head as REST shows it. */
export function dagView({ dagId, latest, paused, description, owner, tags = [], schedule, updatedAt }: DagHead): DagDto {
  return {
    dagId,
    version: latest.version,
    hash: latest.hash,
    paused,
    description,
    owner,
    tags,
    scheduleState: schedule?.state,
    versionCreatedAt: instant(latest.createdAt),
    updatedAt: instant(updatedAt),
    links: {
      self: dagPath(dagId),
      graph: `${dagPath(dagId)}/graph`,
      versions: `${dagPath(dagId)}/versions`,
      ...(schedule === undefined ? {} : { schedule: `${dagPath(dagId)}/schedule` }),
      runs: `/${API}/runs?dagId=${encodeURIComponent(dagId)}`,
    },
  };
}

/** A version's header as REST shows it. */
export function versionView(dagId: string, { version, hash, createdAt, createdBy }: VersionHeader): VersionDto {
  return { dagId, version, hash, createdAt: instant(createdAt), createdBy };
}
