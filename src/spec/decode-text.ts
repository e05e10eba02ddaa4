import type { Issue } from '../dag/issue.js';
import type { SpecLimits } from './limits.js';

/** Bytes to text: refuses what is empty, too large (`limits.bytes`), not UTF-8 or opens with a byte order mark. */
export function decodeText(body: string | Uint8Array, limits: SpecLimits): { text?: string; issues: Issue[] } {
  const refuse = (code: 'bad_text' | 'too_large', message: string): { issues: Issue[] } => ({
    issues: [{ code, path: '', message, severity: 'error', line: 1, column: 1 }],
  });
  const bytes =
    typeof body === 'string'
      ? body.length * 3 <= limits.bytes
        ? body.length
        : new TextEncoder().encode(body).length
      : body.byteLength;
  if (bytes > limits.bytes) {
    return refuse(
      'too_large',
      `the text has ${bytes} bytes; at most ${limits.bytes} are allowed. Move large data out of the spec, into a file or a parameter`,
    );
  }
  let text: string;
  try {
    text = typeof body === 'string' ? body : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return refuse('bad_text', 'the text is not valid UTF-8; save it as UTF-8');
  }
  if (text.startsWith('\uFEFF'))
    return refuse('bad_text', 'the text opens with a byte order mark; save it as UTF-8 without BOM');
  if (text.trim() === '') return refuse('bad_text', 'the text is empty; a spec has at least `id` and `tasks`');
  return { text, issues: [] };
}
