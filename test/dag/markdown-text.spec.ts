import { expect, test } from 'vitest';
import { markdownText } from '../../src/dag/markdown-text.js';

test('text shows in Markdown as it was written, on one line', () => {
  expect(markdownText('a_b *c*\n# <b>d</b> &amp; [e](f)')).toBe(String.raw`a\_b \*c\* \# \<b\>d\</b\> \&amp; \[e\]\(f\)`);
});

test('text is cut before it is escaped', () => {
  expect(markdownText('*****', 3)).toBe(String.raw`\*\*…`);
  expect(markdownText('abc', 3)).toBe('abc');
});
