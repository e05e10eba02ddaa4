import { Anything, Flag } from '../field.js';

/** The long form of `join` (R6). */
export class JoinDto {
  @Anything(
    { required: true, about: 'So many edges must be a success: a number, or a share as in "90%", rounded up.' },
    { anyOf: [{ type: 'integer', minimum: 1, maximum: 10_000 }, { type: 'string' }] },
  )
  minSuccess!: number | string;

  @Flag({ about: 'Start as soon as that is certain; false: once all have ended.', default: true })
  eager?: boolean;

  @Flag({ about: 'Then cancel those that nobody waits for any more.', default: false })
  cancelOthers?: boolean;
}
