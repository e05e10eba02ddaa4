/** A fenced code block of a Markdown page. */
export interface FencedBlock {
  readonly language: string;
  readonly text: string;
}

/** All fenced code blocks of a page, in order. */
export function fencedBlocks(markdown: string): FencedBlock[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({ language: match[1]!, text: match[2]! }));
}
