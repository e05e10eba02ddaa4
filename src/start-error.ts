/** The service cannot start; the message says what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';

  static portTaken(port: number): StartError {
    return new StartError(`Port ${port} is taken by another program. Set PORT to a free one, or to 0 to have one picked.`);
  }
}
