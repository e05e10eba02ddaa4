/** Says on a terminal what is being measured, in one line that the next call replaces; without text the line is cleared. */
export function progress(text = ''): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
