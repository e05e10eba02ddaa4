import { Injectable } from '@nestjs/common';
import { type CompiledDag, compile } from '../../dag/compile.js';
import type { Issue } from '../../dag/issue.js';
import type { Json } from '../../dag/json.js';
import type { DagSpec } from '../../dag/spec.js';
import { checkDag, readSpec } from '../../spec/read-spec.js';
import type { SpecText } from '../request/spec-body.js';
import { ApiSettings } from '../settings.js';
import { MAX_PLAN_BYTES, VersionStore } from './version-store.js';

/** A spec after every check. `spec` is there when its shape is right, `compiled` when it may run. */
export interface CheckedSpec {
  readonly text: string;
  readonly canonical: Json;
  readonly issues: readonly Issue[];
  /** The text is no YAML or JSON at all. */
  readonly unreadable: boolean;
  readonly spec?: DagSpec;
  readonly compiled?: CompiledDag;
}

/** Issues that say the text itself cannot be read: the request is not well formed, rather than not allowed. */
const UNREADABLE: ReadonlySet<Issue['code']> = new Set<Issue['code']>(['bad_text']);

/** Text -> spec -> valid DAG -> plan, with all issues; pure but for the settings. */
@Injectable()
export class SpecChecker {
  constructor(private readonly settings: ApiSettings) {}

  check({ bytes, format }: SpecText): CheckedSpec {
    const { ownQueues } = this.settings;
    const read = readSpec(bytes, format);
    const found: CheckedSpec = {
      text: new TextDecoder().decode(bytes),
      canonical: read.canonical,
      issues: read.issues,
      spec: read.spec,
      unreadable: read.issues.some(({ code }) => UNREADABLE.has(code)),
    };
    if (!read.spec) return found;
    const { dag, issues } = checkDag(read, { ownQueues, limits: this.settings.limits });
    if (!dag) return { ...found, issues };
    const compiled = compile(dag, { ownQueues });
    const bytesOfPlan = VersionStore.packedPlanBytes(compiled);
    if (bytesOfPlan > MAX_PLAN_BYTES) return { ...found, issues: [planTooLarge(bytesOfPlan), ...issues] };
    return { ...found, issues, compiled };
  }
}

function planTooLarge(bytes: number): Issue {
  return {
    code: 'plan_too_large',
    path: '',
    severity: 'error',
    message: `the compiled plan has ${bytes} bytes compressed, more than ${MAX_PLAN_BYTES}; split the DAG, or shorten its expressions`,
  };
}
