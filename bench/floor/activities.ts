/** The one activity of the floor. */
export const floorActivities = {
  /** Does nothing and answers with as much text as a task of a DAG does. */
  async floorNoop(_input: string, resultSize: number): Promise<string> {
    return filler(resultSize);
  },
};
export type FloorActivities = typeof floorActivities;

/** Text that is `bytes` long as JSON, quotes included. */
export const filler = (bytes: number): string => 'x'.repeat(Math.max(0, bytes - 2));
