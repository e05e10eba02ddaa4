import type { BatonConfig } from '../config/config.js';

/** What the REST interface needs to know of the configuration, and nothing more. */
export class ApiSettings {
  constructor(
    private readonly config: BatonConfig,
    /** Base address of Temporal's Web UI; undefined = there is none that we know of. */
    private readonly temporalUi: string | undefined,
  ) {}

  get host(): string {
    return this.config.host;
  }

  get limits(): BatonConfig['limits'] {
    return this.config.limits;
  }

  /** How long closed runs are kept, in ms. */
  get retentionMs(): number {
    return this.config.retentionMs;
  }

  /** Task queues whose workers are ours. */
  get ownQueues(): readonly string[] {
    return this.config.ownQueues;
  }

  get enabledTaskTypes(): readonly string[] {
    return this.config.enabledTaskTypes;
  }

  /** Something in front of the service says who asks. */
  get authenticatesOutside(): boolean {
    return this.config.auth === 'external';
  }

  /** Does this process also work on runs? */
  get worksOnRuns(): boolean {
    return this.config.role === 'all';
  }

  /** Address of a run in Temporal's Web UI; without a Temporal run id the UI shows the latest one. */
  temporalLink(runId: string, temporalRunId?: string): string | undefined {
    if (this.temporalUi === undefined) return undefined;
    const run = `${this.temporalUi}/namespaces/${encodeURIComponent(this.config.temporal.namespace)}/workflows/${encodeURIComponent(runId)}`;
    return temporalRunId === undefined ? run : `${run}/${temporalRunId}/history`;
  }
}
