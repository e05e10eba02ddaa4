/** Task queue of the floor's worker. */
export const FLOOR_QUEUE = 'baton-floor';
