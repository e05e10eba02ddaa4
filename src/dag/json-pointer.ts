/** A JSON pointer (RFC 6901) one step deeper: `pointerTo('/tasks', 'a/b')` is `/tasks/a~1b`. */
export function pointerTo(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}/${key}`;
  return `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
