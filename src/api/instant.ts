/** Epoch milliseconds as RFC 3339 UTC with milliseconds. */
export const instant = (ms: number): string => new Date(ms).toISOString();

/** As {@link instant}; undefined stays undefined. */
export const instantOrNone = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : instant(ms));
