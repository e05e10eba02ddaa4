const SHARE = /^(\d{1,3}(?:\.\d{1,6})?)%$/;

/**
 * How many of so many edges `minSuccess` asks for (R6): a share is rounded up and at least one. Undefined where it is neither a
 * whole number from 1 nor a share above 0 % and up to 100 %.
 */
export function quorumSize(minSuccess: number | string, edges: number): number | undefined {
  if (typeof minSuccess === 'number') return Number.isInteger(minSuccess) && minSuccess >= 1 ? minSuccess : undefined;
  const share = Number(SHARE.exec(minSuccess)?.[1] ?? Number.NaN);
  if (!(share > 0 && share <= 100)) return undefined;
  // Ten decimals: what binary fractions add must not round 3.0000000001 up to 4.
  return Math.max(1, Math.ceil(Number(((edges * share) / 100).toFixed(10))));
}
