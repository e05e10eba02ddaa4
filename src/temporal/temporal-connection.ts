import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import {
  Client,
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { GzipCodec } from './gzip-codec.js';
import { deadlineError, temporalError, wasInterrupted } from './temporal-error.js';

/** Longest that a call to Temporal may take, in ms (R28). */
export const CALL_DEADLINE_MS = 4_000;

/** Longest wait between two attempts of one call, in ms: an outage that ends is noticed within that. */
const RETRY_MS = 500;

/** What client and worker must agree on. */
export const DATA_CONVERTER: DataConverter = { payloadCodecs: [new GzipCodec()] };

/** Who this process is, as Temporal's histories and pollers show it. */
export const identityOf = (role: string): string => `baton-${role}@${hostname()}:${process.pid}`;

/** How to reach Temporal. */
export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  readonly tls?: ConnectionOptions['tls'];
  readonly apiKey?: string;
  readonly metadata?: { readonly [name: string]: string };
  readonly identity: string;
}

/** How one call differs from a short read. */
export interface CallOptions {
  /** It changes something: when it fails the outcome may be unknown (R29). Default false. */
  readonly write?: boolean;
  /** Default {@link CALL_DEADLINE_MS}. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The client side of Temporal. Connects by itself at the first call and again after every outage, so that the service can
 * start before Temporal does.
 */
export class TemporalConnection {
  readonly namespace: string;
  readonly connection: Connection;
  readonly client: Client;
  private readonly active = new Map<Promise<unknown>, AbortController>();
  private closed = false;

  constructor(readonly target: TemporalAddress) {
    this.namespace = target.namespace;
    const retry = defaultGrpcRetryOptions();
    this.connection = Connection.lazy({
      interceptors: [
        makeGrpcRetryInterceptor({
          delayFunction: (attempt, status) => Math.min(RETRY_MS, retry.delayFunction(attempt, status)),
          // As often as the deadline allows: no attempt starts after it.
          retryableDecider: (_attempt, status) => !this.closed && (wasInterrupted(status) || retry.retryableDecider(1, status)),
        }),
      ],
      address: target.address,
      tls: target.tls,
      apiKey: target.apiKey,
      metadata: target.metadata,
      // Without this a channel that was refused waits up to 2 minutes before it tries again.
      channelArgs: {
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': 1_000,
        'grpc.keepalive_time_ms': 10_000,
        'grpc.keepalive_timeout_ms': 4_000,
        'grpc.keepalive_permit_without_calls': 1,
      },
    });
    this.client = new Client({
      connection: this.connection,
      namespace: target.namespace,
      identity: target.identity,
      dataConverter: DATA_CONVERTER,
    });
  }

  /**
   * Makes one or more gRPC calls under one deadline.
   * @throws TemporalUnavailableError (503); every other error passes through.
   */
  async call<T>(
    work: () => Promise<T>,
    { write = false, deadlineMs = CALL_DEADLINE_MS, signal }: CallOptions = {},
  ): Promise<T> {
    const stop = new AbortController();
    // Each request of the work listens to it.
    setMaxListeners(0, stop.signal);
    const onAbort = () => stop.abort();
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    const answer = this.connection.withAbortSignal(stop.signal, () =>
      this.connection.withDeadline(Date.now() + deadlineMs, work),
    );
    this.active.set(answer, stop);
    const forget = () => this.active.delete(answer);
    answer.then(forget, forget);
    // The client's own retries outlast the deadline by the pause between two of them.
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(deadlineError(write)), deadlineMs + 20);
    });
    try {
      return await Promise.race([answer, tooLate]);
    } catch (error) {
      throw temporalError(error, write);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Whether Temporal answers and knows the namespace; for readiness. Never throws. */
  async ready(deadlineMs = 1_000): Promise<boolean> {
    try {
      await this.call(() => this.client.workflowService.describeNamespace({ namespace: this.namespace }), { deadlineMs });
      return true;
    } catch {
      return false;
    }
  }

  /** Cancels what is under way, and closes. */
  async close(): Promise<void> {
    this.closed = true;
    for (const stop of this.active.values()) stop.abort();
    // An attempt that is still to come would find a closed channel and bring the process down.
    await Promise.allSettled(this.active.keys());
    await this.connection.close();
  }
}
