import { DEFAULT_DAG_LIMITS } from '../../dag/limits.js';
import { Decimal, Duration, ListOf, Nested, Whole } from '../field.js';
import { RetryRuleDto } from './retry-rule.dto.js';

/** `retry` of a task or of `defaults` (R20). `null` restores the built-in of one field (R21). */
export class RetryDto {
  @Whole(1, DEFAULT_DAG_LIMITS.attempts, {
    nullable: true,
    about: 'All attempts, the first included; 1 is no retry.',
    default: 1,
  })
  maxAttempts?: number | null;

  @Whole(0, DEFAULT_DAG_LIMITS.attempts, {
    nullable: true,
    about: 'Further attempts after a lost worker, which cost none of `maxAttempts`.',
    default: 3,
  })
  infraAttempts?: number | null;

  @Duration({ nullable: true, about: 'Wait before the second attempt.', default: '10s' })
  interval?: string | null;

  @Decimal(1, 100, { nullable: true, about: 'Each wait is this many times the one before.', default: 2 })
  multiplier?: number | null;

  @Duration({ nullable: true, about: 'No wait is longer.', default: '5m' })
  maxInterval?: string | null;

  @Decimal(0, 1, { nullable: true, about: 'Each wait is lengthened by a random share of itself, up to this.', default: 0 })
  jitter?: number | null;

  @Duration({ nullable: true, about: 'Of all attempts and waits together.', unset: 'unlimited' })
  totalTimeout?: string | null;

  @ListOf('text', { nullable: true, about: 'Types of errors that end the task at once.', unset: 'none' })
  nonRetryableErrors?: string[] | null;

  @Nested('list', () => RetryRuleDto, {
    nullable: true,
    about: 'What to do about which failure: the first rule that holds decides.',
  })
  rules?: RetryRuleDto[] | null;
}
