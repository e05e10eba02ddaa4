import type { ObjectStore } from '../objects/object-store.js';

/** The object store as something that can be injected: ports have no class of their own. */
export class BlobStore {
  constructor(readonly objects: ObjectStore) {}
}
