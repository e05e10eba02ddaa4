import { Injectable } from '@nestjs/common';
import { type CompiledDag, compile, planSizeIssue } from '../../dag/compile.js';
import type { Issue } from '../../dag/issue.js';
import type { Json } from '../../dag/json.js';
import type { DagSpec } from '../../dag/spec.js';
import { checkSpec } from '../../spec/check-spec.js';
import { VersionStore } from '../../temporal/version-store.js';
import { isTimeZone } from '../../time/zone.js';
import type { SpecText } from '../request/spec-body.js';
import { ApiSettings } from '../settings.js';

/** A spec after every check. `spec` is there when its shape is right, `compiled` when it may run. */
export interface CheckedSpec {
  readonly text: string;
  readonly canonical: Json;
  readonly issues: readonly Issue[];
  /** The text is no YAML or JSON at all. */
  readonly unreadable: boolean;
  readonly spec?: DagSpec;
  readonly compiled?: CompiledDag;
  /** Adds line and column to issues found later. */
  readonly locate: (issues: readonly Issue[]) => Issue[];
}

/** Issues that say the text itself cannot be read: the request is not well formed, rather than not allowed. */
const UNREADABLE: ReadonlySet<Issue['code']> = new Set<Issue['code']>(['bad_text']);

/** Text -> spec -> valid DAG -> plan, with all issues; pure but for the settings. */
@Injectable()
export class SpecChecker {
  constructor(private readonly settings: ApiSettings) {}

  check({ bytes, format }: SpecText): CheckedSpec {
    const { ownQueues, limits } = this.settings;
    const { body, ...counts } = limits;
    const { dag, spec, canonical, issues, locate } = checkSpec(bytes, format, {
      ownQueues,
      isTimeZone,
      limits: { ...counts, bytes: body },
    });
    const unreadable = issues.some(({ code }) => UNREADABLE.has(code));
    const found: CheckedSpec = { text: new TextDecoder().decode(bytes), canonical, issues, unreadable, spec, locate };
    if (!dag) return found;
    const compiled = compile(dag, { ownQueues });
    const tooLarge = planSizeIssue(VersionStore.packedPlanBytes(compiled));
    if (tooLarge) return { ...found, issues: [tooLarge, ...issues] };
    return { ...found, compiled };
  }
}
