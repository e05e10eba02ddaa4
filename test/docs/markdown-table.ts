/** A table of Markdown whose columns are lined up. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => (line[column] as string).length)));
  const [first, ...others] = lines.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`);
  return [first, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...others].join('\n');
}
