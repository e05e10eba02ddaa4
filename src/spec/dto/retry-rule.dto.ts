import { RULE_KINDS } from '../../dag/retry-rule.js';
import { RETRY_ACTIONS } from '../../dag/spec.js';
import { Duration, OneOf, OneOrMore, Text } from '../field.js';

/** One rule of `retry.rules` (R20). */
export class RetryRuleDto {
  @OneOrMore('text', { about: 'Type of the error, as the failure shows it.' })
  error?: string | string[];

  @Text({ about: 'A regular expression (RE2) that some part of the message matches.' })
  message?: string;

  @OneOrMore('code', { about: 'HTTP status: 404, 5xx or 500-503.' })
  status?: number | string | (number | string)[];

  @OneOrMore('code', { about: 'Exit code of a program: 75 or 64-78.' })
  exitCode?: number | string | (number | string)[];

  @OneOrMore('text', { values: RULE_KINDS, about: 'Kind of the failure.' })
  kind?: string | string[];

  @OneOf(RETRY_ACTIONS, { about: 'What becomes of the task.', unset: '`retry`, where `wait` is given' })
  action?: string;

  @Duration({ about: 'With retry: the wait before the next attempt, instead of the interval.' })
  wait?: string;
}
