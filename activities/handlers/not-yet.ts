/** What a poll throws when the condition of its wait is not met; `message` says how things stand. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
}
