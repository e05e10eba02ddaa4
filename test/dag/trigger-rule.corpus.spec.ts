import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ruleVerdict, type WalkRule } from '../../src/dag/trigger-rule.js';

/** Cases of Airflow's own tests; they stay outside the repository. */
const FILE = new URL('../../../shared/corpus/airflow/trigger_rules.json', import.meta.url);

interface Case {
  readonly id: string;
  readonly trigger_rule: string;
  readonly upstream: {
    success: number;
    skipped: number;
    failed: number;
    upstream_failed: number;
    removed: number;
    success_setup?: number;
  };
  readonly upstream_total: number;
  readonly upstream_setup_total: number;
  readonly expected: string;
}

describe.skipIf(!existsSync(FILE))('trigger rules decide as Airflow does', () => {
  const cases = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')).cases as Case[]) : [];
  it('has all 39 cases', () => expect(cases).toHaveLength(39));
  it.each(cases)('$id: $trigger_rule -> $expected', (row) => {
    const verdict = ruleVerdict(
      row.trigger_rule as WalkRule,
      {
        total: row.upstream_total,
        success: row.upstream.success,
        failed: row.upstream.failed,
        upstreamFailed: row.upstream.upstream_failed,
        skipped: row.upstream.skipped,
        removed: row.upstream.removed,
        setups: row.upstream_setup_total,
        setupsSuccess: row.upstream.success_setup ?? 0,
      },
      // Two facts that the table tells by the name of the case only.
      {
        holdSkip: row.id.endsWith('wait_for_past_depends_before_skipping'),
        itemIndex: row.id.includes('mapped_task') ? row.upstream.success : -1,
      },
    );
    expect(verdict).toBe(row.expected);
  });
});
