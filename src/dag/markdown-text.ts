/**
 * Text that people wrote as Markdown shows it unchanged, on one line of at most `chars` characters: nothing in it is markup, and
 * nothing in it can pass for words of ours.
 */
export function markdownText(text: string, chars = Number.POSITIVE_INFINITY): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const shown = line.length > chars ? `${line.slice(0, chars - 1)}…` : line;
  return shown.replace(/[\\`*_{}[\]()#+!|<>&~-]/g, '\\$&');
}
