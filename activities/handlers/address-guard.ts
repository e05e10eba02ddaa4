import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import type { HttpSettings } from '../activity-deps.js';
import { TaskError } from '../task-error.js';
import { HostList } from './host-list.js';

/**
 * Keeps requests of authors away from what only this machine and its network can reach. Every address that a name resolves to is
 * checked, and the connection goes to an address that was checked (a name that changes in between gains nothing).
 */
export class AddressGuard {
  private readonly only?: HostList;
  private readonly privately: HostList;

  constructor(settings: Pick<HttpSettings, 'onlyHosts' | 'allowPrivateHosts'> = {}) {
    this.only = settings.onlyHosts === undefined ? undefined : new HostList(settings.onlyHosts);
    this.privately = new HostList(settings.allowPrivateHosts ?? []);
  }

  /** Parses and checks a URL before any request or redirect to it. Throws `TaskError` (`HttpAddressNotAllowed`, `BadInput`). */
  check(text: string, base?: URL): URL {
    let url: URL;
    try {
      url = new URL(text, base);
    } catch {
      throw new TaskError(
        'BadInput',
        `not a URL: ${JSON.stringify(text.slice(0, 200))}; write it whole, with http:// or https://`,
        { retryable: false },
      );
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw refused(`${url.protocol}// is not allowed; only http and https are`);
    if (url.username !== '' || url.password !== '')
      throw refused('a URL must not hold a user or password; send them in a header from a secret');
    if (this.only !== undefined && !this.only.has(url))
      throw refused(
        `host ${url.host} is not on the list of hosts that tasks may call; the administrator can add it (BATON_HTTP_ALLOW)`,
      );
    const literal = addressOf(url.hostname);
    if (literal !== undefined && !this.privately.has(url)) checkAddress(url.hostname, literal);
    return url;
  }

  /** Connects undici to checked addresses only. */
  connector(): buildConnector.connector {
    const open = buildConnector({ lookup: plainLookup });
    const guarded = buildConnector({ lookup: guardedLookup });
    return (options, callback) => {
      const url = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
      if (this.privately.has(url)) return open(options, callback);
      const literal = addressOf(options.hostname);
      try {
        // `lookup` is not asked about literals.
        if (literal !== undefined) checkAddress(options.hostname, literal);
      } catch (error) {
        return callback(error as Error, null);
      }
      return guarded(options, callback);
    };
  }
}

const plainLookup: LookupFunction = (hostname, options, callback) => lookup(hostname, options as never, callback as never);

const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', undefined);
    try {
      for (const { address } of addresses) checkAddress(hostname, address);
    } catch (refusal) {
      return callback(refusal as NodeJS.ErrnoException, '', undefined);
    }
    const first = addresses[0];
    if (options.all === true) return callback(null, addresses);
    return callback(null, first?.address ?? '', first?.family);
  });
};

function addressOf(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : bare;
}

function checkAddress(host: string, address: string): void {
  const what = forbiddenAddress(address);
  if (what === undefined) return;
  throw refused(`host ${host} is at a ${what} address; the administrator can allow it by name (BATON_HTTP_ALLOW_PRIVATE)`);
}

function refused(message: string): TaskError {
  return new TaskError('HttpAddressNotAllowed', message, { retryable: false });
}

/**
 * What keeps an address from being called (`loopback`, `private` …), `undefined` for one of the public internet. IPv4 addresses inside
 * IPv6 ones (mapped, NAT64) count as what they are; every other tunnel and all that is not global unicast is refused.
 */
export function forbiddenAddress(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return 'malformed';
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast' ? undefined : spoken(parsed.range());
  if (parsed.isIPv4MappedAddress()) return forbiddenAddress(parsed.toIPv4Address().toString());
  const range = parsed.range();
  if (range === 'rfc6052') return forbiddenAddress(new ipaddr.IPv4(parsed.toByteArray().slice(12)).toString());
  if (range !== 'unicast') return spoken(range);
  return ((parsed.parts[0] ?? 0) & 0xe000) === 0x2000 ? undefined : 'reserved';
}

function spoken(range: string): string {
  return range.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
