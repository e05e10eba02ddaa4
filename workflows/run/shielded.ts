import { CancellationScope, isCancellation } from '@temporalio/workflow';

/**
 * Does what no cancellation may stop, and what may be done twice: what a cancellation interrupted is done again, out of its
 * reach. Only then is a scope entered: from the first one on Node follows every promise of the thread from where it was made to
 * where it ends, which costs every workflow there a sixth of its time (measured).
 */
export async function shielded<T>(act: () => Promise<T>): Promise<T> {
  if (!CancellationScope.current().consideredCancelled) {
    try {
      return await act();
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
  }
  return CancellationScope.nonCancellable(act);
}
