import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SecretMask } from '../../activities/secret-mask.js';
import { resolveSecrets, Secrets } from '../../activities/secrets.js';

describe('secrets', () => {
  it('come from the environment, else from a file of that name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'baton-secrets-'));
    await writeFile(join(folder, 'FILE'), 'from a file\n');
    await writeFile(join(folder, 'BOTH'), 'from a file');
    await mkdir(join(folder, 'FOLDER'));
    const environment: { [name: string]: string } = { BATON_SECRET_BOTH: 'from the environment', PATH: '/bin' };
    const secrets = new Secrets((name) => environment[name], folder);
    expect(await resolveSecrets(secrets, ['FILE', 'BOTH'])).toEqual({ FILE: 'from a file', BOTH: 'from the environment' });
    for (const name of ['NONE', '../FILE', 'PATH', '', 'a/b', '.']) expect(await secrets.read(name)).toBeUndefined();
    await expect(secrets.read('FOLDER')).rejects.toMatchObject({ type: 'SecretUnreadable' });
    await expect(resolveSecrets(secrets, ['NONE'])).rejects.toMatchObject({ type: 'SecretMissing', retryable: false });
    expect(await new Secrets(() => undefined).read('FILE')).toBeUndefined();
  });

  it('are hidden in text in every form, the longest first, and short ones are left', () => {
    const mask = new SecretMask(['pass word', 'pass word longer', 'abc', 'it\'s"x"', 'first-line\nsecond-line']);
    expect(mask.text('a pass word longer b pass word c pass%20word abc')).toBe('a *** b *** c *** abc');
    expect(mask.text(JSON.stringify({ a: 'it\'s"x"' }))).toBe('{"a":"***"}');
    expect(mask.text(`select 'it''s"x"' ${Buffer.from('pass word').toString('base64')}`)).toBe("select '***' ***");
    expect(mask.text('only second-line here')).toBe('only *** here');
  });

  it('are hidden in outputs where they cannot be there by chance', () => {
    const mask = new SecretMask(['admin', 'long-enough']);
    expect(mask.output({ user: 'admin', list: ['x long-enough', 1, null], 'long-enough': true })).toEqual({
      user: 'admin',
      list: ['x ***', 1, null],
      '***': true,
    });
    const value = { a: 1 };
    expect(new SecretMask([]).output(value)).toBe(value);
  });
});
