import { lookup } from 'node:dns/promises';
import { describe, expect, it } from 'vitest';
import { AddressGuard, forbiddenAddress } from '../../../activities/handlers/address-guard.js';
import { HostList } from '../../../activities/handlers/host-list.js';
import { httpHandler } from '../../../activities/handlers/http.js';
import { taskContext } from './task-context.js';

/** Spellings of hosts that are no public address, as they may stand in a URL. */
const PRIVATE_HOSTS = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '127.255.255.255',
  '0x7f.1',
  '0x7f000001',
  '0x7f.0x0.0x0.0x1',
  '0177.0.0.1',
  '017700000001',
  '2130706433',
  '127.0.0.1.',
  '０x7f.1',
  '127。0。0。1',
  '①②⑦.⓪.⓪.①',
  '%31%32%37.0.0.1',
  '0',
  '0.0.0.0',
  '0x0',
  '10.0.0.1',
  '10.1',
  '0xa.1',
  '012.1',
  '167772161',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.1',
  '0xc0.0xa8.1',
  '3232235521',
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '100.64.0.1',
  '100.127.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '4294967295',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::0001]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:0:127.0.0.1]',
  '[0:0:0:0:0:ffff:10.0.0.1]',
  '[::FFFF:169.254.169.254]',
  '[::127.0.0.1]',
  '[::7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::1]',
  '[2001::1]',
  '[2001:db8::1]',
  '[fe80::1]',
  '[febf::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[ff02::1]',
  '[100::1]',
  '[4000::1]',
];
const PUBLIC_HOSTS = [
  '1.1.1.1',
  '8.8.8.8',
  '172.15.0.1',
  '172.32.0.1',
  '100.63.0.1',
  '100.128.0.1',
  '169.253.0.1',
  '93.184.216.34',
  '[2606:4700:4700::1111]',
  '[2a00:1450:4001::1]',
  '[::ffff:1.1.1.1]',
  '[64:ff9b::8.8.8.8]',
  'example.org',
];

describe('the address guard', () => {
  it('knows enough spellings', () => expect(PRIVATE_HOSTS.length).toBeGreaterThanOrEqual(60));

  it.each(PRIVATE_HOSTS)('refuses http://%s/', (host) => {
    expect(() => new AddressGuard().check(`http://${host}/x`)).toThrowError(
      expect.objectContaining({ type: 'HttpAddressNotAllowed', retryable: false }),
    );
  });

  it.each(PUBLIC_HOSTS)('lets http://%s/ pass', (host) => {
    expect(new AddressGuard().check(`http://${host}:8080/x`).pathname).toBe('/x');
  });

  it.each([
    'file:///etc/passwd',
    'ftp://example.org/',
    'gopher://example.org/',
    'data:text/plain,x',
    'javascript:1',
    'unix:///x',
    'http://user:pass@example.org/',
    'http://user@example.org/',
    '/relative',
    'example.org',
    '',
    'http://',
    'http://[::1/',
  ])('refuses %j', (url) => {
    expect(() => new AddressGuard().check(url)).toThrowError(
      expect.objectContaining({ name: expect.stringMatching(/HttpAddressNotAllowed|BadInput/) }),
    );
  });

  it('refuses a name that resolves to a private address', async () => {
    await expect(httpHandler().run({ url: 'http://localhost:1/' }, await taskContext())).rejects.toMatchObject({
      type: 'HttpAddressNotAllowed',
      retryable: false,
    });
  });

  it('refuses the name of this machine, whatever it resolves to', async () => {
    const { hostname } = await import('node:os');
    const addresses = await lookup(hostname(), { all: true }).catch(() => []);
    if (addresses.length === 0 || addresses.every((a) => forbiddenAddress(a.address) === undefined)) return;
    await expect(httpHandler().run({ url: `http://${hostname()}:1/` }, await taskContext())).rejects.toMatchObject({
      type: 'HttpAddressNotAllowed',
    });
  });

  it('lets private hosts pass that are named, by port, and no others', () => {
    const guard = new AddressGuard({ allowPrivateHosts: ['localhost:8080', '127.0.0.1', '[::1]:9'] });
    for (const url of ['http://127.0.0.1/', 'http://0x7f.1:7/', 'http://[0:0::1]:9/'])
      expect(guard.check(url)).toBeInstanceOf(URL);
    for (const url of ['http://127.0.0.2/', 'http://[::1]:8/']) expect(() => guard.check(url)).toThrow();
  });

  it('keeps to a list of hosts when there is one', () => {
    const guard = new AddressGuard({ onlyHosts: ['api.example.org', '*.example.com', 'x.example.net:8443'] });
    for (const url of [
      'https://api.example.org/',
      'http://API.EXAMPLE.ORG.:81/',
      'https://a.b.example.com/',
      'https://x.example.net:8443/',
    ])
      expect(guard.check(url)).toBeInstanceOf(URL);
    for (const url of [
      'https://example.com/',
      'https://evilexample.com/',
      'https://api.example.org.evil.org/',
      'https://x.example.net/',
      'https://b.api.example.org/',
    ]) {
      expect(() => guard.check(url)).toThrowError(expect.objectContaining({ type: 'HttpAddressNotAllowed' }));
    }
  });

  it.each(['', 'http://a/', 'a b', 'a:b', '*', '*.', 'a/b', 'user@a'])('refuses %j in a list of hosts', (entry) => {
    expect(() => new HostList([entry])).toThrow(/not a host/);
  });

  it('calls what is no address malformed', () => expect(forbiddenAddress('nonsense')).toBe('malformed'));
});
