import { gzipSync } from 'node:zlib';
import type { PutInput, VersionHeader } from '../../workflows/contract.js';
import { canonicalJson } from '../dag/canonical-json.js';
import { type CompiledDag, MAX_PLAN_BYTES } from '../dag/compile.js';
import type { Json } from '../dag/json.js';
import type { DagPlan } from '../dag/plan.js';
import type { DagSpec } from '../dag/spec.js';
import type { BlobRef } from '../dag/state.js';
import { jsonText, writeJsonText } from '../objects/json-blob.js';
import { JsonBlobs } from '../objects/json-blobs.js';
import { bodiesKey, planKey, specKey } from '../objects/keys.js';
import type { ObjectStore } from '../objects/object-store.js';
import { sha256 } from '../objects/sha256.js';
import { BlobGoneError } from './blob-gone-error.js';

/** The plan as it would be, without its keys. */
export const previewOf = ({ plan, bodies, subs }: CompiledDag): DagPlan =>
  plan(
    bodies.map(() => ''),
    subs.map(() => ''),
  );

/** Bytes of JSON up to which a plan travels with the start of its run. */
export const INLINE_PLAN_BYTES = 64 * 1024;

/** The blob of a spec version. */
export interface SpecBlob {
  readonly format: 1;
  /** The spec as data, before defaults. */
  readonly spec: Json;
  readonly text: string;
  readonly mediaType: string;
}

/** Writes and reads the immutable part of versions: specs, plans, bodies. Everything read is kept in memory for a while. */
export class VersionStore {
  private readonly blobs: JsonBlobs;

  constructor(private readonly store: ObjectStore) {
    this.blobs = new JsonBlobs(store);
  }

  /** Content hash of a spec, by which "unchanged" is decided (R30). */
  static hashOf(canonical: Json): string {
    return sha256(canonicalJson(canonical));
  }

  /** Bytes that the plan, or the largest of its inline SubDAGs, would have compressed; 0 where it is certainly small enough. */
  static packedPlanBytes(compiled: CompiledDag): number {
    const text = JSON.stringify(previewOf(compiled));
    const own = text.length <= MAX_PLAN_BYTES ? 0 : gzipSync(text).length;
    return Math.max(own, ...compiled.subs.map((sub) => VersionStore.packedPlanBytes(sub)));
  }

  /** Stores all blobs of a version; safe to repeat. The pointer to them in Temporal comes afterwards. */
  async write(
    dagId: string,
    source: Omit<SpecBlob, 'format'>,
    compiled: CompiledDag,
  ): Promise<Pick<PutInput, 'hash' | 'specKey' | 'planKey' | 'planBytes'>> {
    const plan = await this.writePlan(dagId, compiled);
    const spec = jsonText({ format: 1, ...source } satisfies SpecBlob);
    const key = specKey(dagId, spec.sha256);
    await writeJsonText(this.store, key, spec);
    return { hash: VersionStore.hashOf(source.spec), specKey: key, planKey: plan.ref, planBytes: plan.size };
  }

  /** Bodies and plans, those of inline SubDAGs first: a plan names them by key. */
  private async writePlan(dagId: string, compiled: CompiledDag): Promise<BlobRef> {
    const subs: BlobRef[] = [];
    for (const sub of compiled.subs) subs.push(await this.writePlan(dagId, sub));
    const bodies = compiled.bodies.map((body) => jsonText(body));
    const plan = jsonText(
      compiled.plan(
        bodies.map((body) => bodiesKey(dagId, body.sha256)),
        subs.map(({ ref }) => ref),
      ),
    );
    const [written] = await Promise.all([
      writeJsonText(this.store, planKey(dagId, plan.sha256), plan),
      ...bodies.map((body) => writeJsonText(this.store, bodiesKey(dagId, body.sha256), body)),
    ]);
    return written;
  }

  /** The spec of a version. Throws {@link BlobGoneError}. */
  async spec(version: Pick<VersionHeader, 'specKey'>): Promise<SpecBlob & { readonly spec: DagSpec }> {
    return (await this.read(version.specKey)) as unknown as SpecBlob & { readonly spec: DagSpec };
  }

  /** The plan of a version. Throws {@link BlobGoneError}. */
  plan(version: Pick<VersionHeader, 'planKey'>): Promise<DagPlan> {
    return this.read(version.planKey) as unknown as Promise<DagPlan>;
  }

  private async read(key: string): Promise<Json> {
    const value = await this.blobs.read(key);
    if (value === undefined) throw new BlobGoneError(key);
    return value;
  }
}
