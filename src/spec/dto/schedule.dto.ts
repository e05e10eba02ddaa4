import { Anything, Duration, ListOf, Text } from '../field.js';

/** `schedule: {cron}`. */
export class CronScheduleDto {
  @Anything(
    { required: true, about: 'One 5-field cron or preset, or a list of them.' },
    { anyOf: [{ type: 'string' }, { type: 'array', minItems: 1, items: { type: 'string' } }] },
  )
  cron!: string | string[];

  @Text({ about: 'IANA time zone.', unset: "the DAG's" })
  timezone?: string;

  @Duration({ about: 'Runs start up to this much later, at random.', default: '0s' })
  jitter?: string;
}

/** `schedule: {every}`. */
export class EveryScheduleDto {
  @Duration({ required: true, about: 'A duration of at least 1s, counted from the epoch.' })
  every!: string;

  @Duration({ about: 'Shifts the beat; shorter than `every`.', default: '0s' })
  offset?: string;

  @Duration({ about: 'Runs start up to this much later, at random.', default: '0s' })
  jitter?: string;
}

/** `schedule: {at}`. */
export class AtScheduleDto {
  @ListOf('text', { required: true, min: 1, about: 'Dates or instants.' })
  at!: string[];

  @Text({ about: 'IANA time zone of bare dates.', unset: "the DAG's" })
  timezone?: string;
}
