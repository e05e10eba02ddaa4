/** A JSON pointer (RFC 6901) from its unescaped segments: `pointer('tasks', 'a/b')` is `/tasks/a~1b`. */
export function pointer(...segments: readonly (string | number)[]): string {
  let text = '';
  for (const segment of segments) text += `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return text;
}

/** The unescaped segments of a JSON pointer; the inverse of {@link pointer}. */
export function pointerSegments(path: string): string[] {
  if (path === '') return [];
  return path
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Orders pointers segment by segment; whole numbers by value, so that `/a/2` comes before `/a/10`. */
export function comparePointers(left: string, right: string): number {
  const a = left.split('/');
  const b = right.split('/');
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a[i] as string;
    const y = b[i] as string;
    if (x === y) continue;
    const byNumber = /^\d{1,15}$/.test(x) && /^\d{1,15}$/.test(y) ? Number(x) - Number(y) : 0;
    return byNumber !== 0 ? byNumber : x < y ? -1 : 1;
  }
  return a.length - b.length;
}

/** A JSON pointer one step deeper: `pointerTo('/tasks', 'a/b')` is `/tasks/a~1b`. */
export function pointerTo(parent: string, key: string | number): string {
  return parent + pointer(key);
}
