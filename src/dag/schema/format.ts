import { isCivilDate, parseInstant } from '../instant.js';

/** Formats that are checked, and how each reads in a message. */
export const FORMATS: ReadonlyMap<string, { readonly what: string; test(text: string): boolean }> = new Map([
  ['date', { what: 'a date such as 2026-01-02', test: isDate }],
  [
    'date-time',
    {
      what: 'an RFC 3339 instant such as 2026-01-02T03:04:05Z',
      test: (text: string) => text.includes(':') && parseInstant(text) !== undefined,
    },
  ],
  ['uri', { what: 'an absolute URI such as https://example.org/', test: isUri }],
  ['email', { what: 'an email address', test: isEmail }],
  ['uuid', { what: 'a UUID', test: (text: string) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) }],
]);

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  return match !== null && isCivilDate(Number(match[1]), Number(match[2]), Number(match[3]));
}

function isUri(text: string): boolean {
  return (
    text.length <= 8_192 &&
    /^[a-z][a-z0-9+.-]*:[a-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/i.test(text) &&
    !/%(?![0-9a-f]{2})/i.test(text)
  );
}

function isEmail(text: string): boolean {
  if (text.length > 254) return false;
  const at = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  return (
    at > 0 &&
    local.length <= 64 &&
    /^[\w.!#$%&'*+/=?^`{|}~\-\u0080-\uffff]+$/.test(local) &&
    !/^\.|\.\.|\.$/.test(local) &&
    domain
      .split('.')
      .every((label) => /^[a-z0-9\u0080-\uffff](?:[a-z0-9\u0080-\uffff-]{0,61}[a-z0-9\u0080-\uffff])?$/i.test(label))
  );
}
