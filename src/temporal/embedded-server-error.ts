/** The embedded Temporal server cannot be started; the message says what to do. */
export class EmbeddedServerError extends Error {
  override readonly name = 'EmbeddedServerError';
}
