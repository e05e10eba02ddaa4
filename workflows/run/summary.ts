/** A line for the Web UI, cut to `characters`: Temporal takes 400 bytes, a character may be three of them. */
export function summaryOf(text: string, characters = 100): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
