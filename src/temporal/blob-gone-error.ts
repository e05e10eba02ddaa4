/** The object store lost a blob that Temporal points to: an operator has to restore it, or the DAG must be stored again. */
export class BlobGoneError extends Error {
  override readonly name = 'BlobGoneError';

  constructor(readonly key: string) {
    super(
      `the object store has no ${key}, though a stored version points to it: is BATON_OBJECTS the right folder? Restore it, or store the DAG again`,
    );
  }
}
