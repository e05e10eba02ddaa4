import type { Reporter, TestModule } from 'vitest/node';

type UnhandledErrors = Parameters<NonNullable<Reporter['onTestRunEnd']>>[1];

/**
 * Ends a run with one line that people and machines read: `N passed, N failed`, and `, N skipped` where any were. A file that
 * could not be loaded and an error outside any test count as failed, so that zero failures means what it says.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: UnhandledErrors): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let failedInside = false;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'failed') failedInside = true;
        if (state !== 'pending') counts[state] += 1;
        else counts.failed += 1;
      }
      // A failed module without a failed test broke while loading, or in a hook.
      if (module.state() === 'failed' && !failedInside) counts.failed += 1;
    }
    // After the default reporter's own summary, which it prints in the same turn.
    process.once('exit', () => {
      console.log(
        `\n${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
      );
    });
  }
}
