/** The part of the REST API that the benchmark uses. An answer that is no success is an error with its whole text. */
export class Rest {
  constructor(readonly base: string) {}

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.base}/api/v1${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(120_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 2_000)}`);
    return JSON.parse(text) as T;
  }

  /** Stores a DAG; the answer names the version. */
  put(spec: { readonly id: string }): Promise<unknown> {
    return this.call('PUT', `/dags/${spec.id}`, spec);
  }

  /** Starts a run. */
  start(dagId: string): Promise<{ readonly runId: string }> {
    return this.call('POST', `/dags/${dagId}/runs`, {});
  }

  /** Waits until the run has ended. @throws Error when it did not succeed, or not in time. */
  async finished(runId: string, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const run = await this.call<RunView>('GET', `/runs/${encodeURIComponent(runId)}?wait=30s`);
      if (run.state === 'success') return;
      if (run.state === 'failed' || run.state === 'cancelled')
        throw new Error(`${runId} ${run.state}: ${JSON.stringify(run.failure)}`);
      if (Date.now() > deadline)
        throw new Error(`${runId} is ${run.state} after ${timeoutMs} ms: ${JSON.stringify(run.counts)}`);
    }
  }

  /** The output of a task. */
  output<T>(runId: string, taskId: string): Promise<T> {
    return this.call('GET', `/runs/${encodeURIComponent(runId)}/tasks/${taskId}/output`);
  }
}

interface RunView {
  readonly state: string;
  readonly failure?: unknown;
  readonly counts?: unknown;
}
