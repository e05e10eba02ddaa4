import { DEADLINE_BEHAVIORS, DEADLINE_REFERENCES } from '../../dag/deadline-plan.js';
import { Duration, Nested, OneOf, Text } from '../field.js';
import { HookDto } from './hook.dto.js';

/** When a run, or a task, is to be done. */
export class DeadlineDto {
  @OneOf(DEADLINE_REFERENCES, {
    required: true,
    about: 'From when its time counts.',
    means: {
      queued: 'The run was taken in; the task was ready to run.',
      start: 'The run had its place; the task began.',
      logicalDate: 'The date of the run.',
      fixed: 'The moment `at`.',
    },
  })
  reference!: string;

  @Duration({ about: 'How long after that.', unset: 'required, but with `fixed`' })
  interval?: string;

  @Text({ templated: true, about: 'With `fixed`: an instant.' })
  at?: string;

  @OneOf(DEADLINE_BEHAVIORS, {
    about: 'What a missed one does to the run, or to the task.',
    default: 'alert',
    means: { alert: 'Nothing; its hook tells.', cancel: 'It is cancelled.', fail: 'It fails.' },
  })
  behavior?: string;

  @Nested('object', () => HookDto, { about: 'What to do when it is missed, and before, when it will be.', see: 'Hooks' })
  hook?: HookDto;
}
