/** Up to this many characters of JSON travel inline; more becomes pages of about this size. A payload holds 2 MiB. */
const PAGE_CHARS = 256 * 1024;

/** Records in their order, cut into pages of about 256 KiB of JSON; none for none. A record that is larger has a page of its own. */
export function inPages<T>(records: readonly T[]): T[][] {
  const pages: T[][] = [];
  let page: T[] = [];
  let chars = 0;
  for (const record of records) {
    const length = JSON.stringify(record).length;
    if (page.length > 0 && chars + length > PAGE_CHARS) {
      pages.push(page);
      page = [];
      chars = 0;
    }
    page.push(record);
    chars += length;
  }
  if (page.length > 0) pages.push(page);
  return pages;
}
