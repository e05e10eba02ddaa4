/**
 * Hosts named by an administrator: `api.example.org` (any port), `api.example.org:8443`, `*.example.org` (below it, not itself), `10.0.0.5`,
 * `[::1]:8080`. Throws an Error for an entry that is none of these.
 */
export class HostList {
  private readonly entries: readonly { readonly host: string; readonly port?: string; readonly below: boolean }[];

  constructor(entries: readonly string[]) {
    this.entries = entries.map((entry) => {
      const below = entry.startsWith('*.');
      const match = /^(\[[0-9a-fA-F:.]+\]|[^:/@*\s]+)(?::(\d{1,5}))?$/.exec(below ? entry.slice(2) : entry);
      // The URL parser brings every spelling of a host to the one that requests are compared in.
      const host = match === null ? undefined : hostOf(`http://${match[1]}/`);
      if (host === undefined)
        throw new Error(`not a host: ${JSON.stringify(entry)}; write name, name:port, *.name or [IPv6]:port`);
      return { host, port: match?.[2], below };
    });
  }

  has(url: URL): boolean {
    const host = withoutDot(url.hostname);
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return this.entries.some(
      (e) => (e.port === undefined || e.port === port) && (e.below ? host.endsWith(`.${e.host}`) : host === e.host),
    );
  }
}

function hostOf(url: string): string | undefined {
  try {
    return withoutDot(new URL(url).hostname);
  } catch {
    return undefined;
  }
}

const withoutDot = (host: string): string => host.replace(/\.$/, '');
