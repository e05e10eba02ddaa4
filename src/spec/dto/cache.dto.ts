import { Duration, Text, TextOrNumber } from '../field.js';

/** `cache` of a task: work that was done is not done again. */
export class CacheDto {
  @Text({ templated: true, about: 'What must be equal, with expressions.', unset: 'type and rendered input' })
  key?: string;

  @Duration({ about: 'Older results are not taken.', unset: 'as long as they are kept (BATON_RETENTION)' })
  ttl?: string;

  @TextOrNumber({ about: 'Part of the key: change it when the task does its work another way.' })
  version?: string | number;
}
