import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { GzipCodec } from './gzip-codec.js';
import { deadlineError, temporalError } from './temporal-error.js';

/** Longest that a call to Temporal may take, in ms (R28). */
export const CALL_DEADLINE_MS = 4_000;

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

  constructor(readonly target: TemporalAddress) {
    this.namespace = target.namespace;
    this.connection = Connection.lazy({
      address: target.address,
      tls: target.tls,
      apiKey: target.apiKey,
      metadata: target.metadata,
      // Without this a channel that was refused waits up to 2 minutes before it tries again.
      channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000, 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 4_000, 'grpc.keepalive_permit_without_calls': 1 },
    });
    this.client = new Client({ connection: this.connection, namespace: target.namespace, identity: target.identity, dataConverter: DATA_CONVERTER });
  }

  /**
   * Makes one or more gRPC calls under one deadline.
   * @throws TemporalUnavailableError (503); every other error passes through.
   */
  async call<T>(work: () => Promise<T>, options: CallOptions = {}): Promise<T> {
    const deadlineMs = options.deadlineMs ?? CALL_DEADLINE_MS;
    const bounded = () => this.connection.withDeadline(Date.now() + deadlineMs, work);
    // The client's own retries outlast the deadline by the pause between two of them: up to 2 s.
    const late = new AbortController();
    const tooLate = delay(deadlineMs + 20, undefined, { signal: late.signal, ref: false }).then(() => {
      throw deadlineError(options.write ?? false);
    });
    tooLate.catch(() => undefined);
    try {
      const answer = options.signal ? this.connection.withAbortSignal(options.signal, bounded) : bounded();
      answer.catch(() => undefined);
      return await Promise.race([answer, tooLate]);
    } catch (error) {
      throw temporalError(error, options.write ?? false);
    } finally {
      late.abort();
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

  close(): Promise<void> {
    return this.connection.close();
  }
}
