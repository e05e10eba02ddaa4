import { expect, test } from 'vitest';
import { fileOfTar } from '../../src/temporal/temporal-download.js';

function tarOf(files: { readonly [name: string]: string }): Buffer {
  const parts = Object.entries(files).flatMap(([name, text]) => {
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write(Buffer.byteLength(text).toString(8).padStart(11, '0'), 124);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
    body.write(text);
    return [head, body];
  });
  return Buffer.concat([...parts, Buffer.alloc(1_024)]);
}

test('a file is taken out of a tar archive by its name', () => {
  const tar = tarOf({ LICENSE: 'l'.repeat(1_500), './temporal': 'program', 'README.md': '' });
  expect(fileOfTar(tar, 'temporal').toString()).toBe('program');
  expect(fileOfTar(tar, 'LICENSE')).toHaveLength(1_500);
  expect(() => fileOfTar(tar, 'other')).toThrow('the downloaded archive has no file other');
});
