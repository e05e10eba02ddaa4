/** As many of the names as have room in so many characters of JSON, at least one; `…` stands for the rest. */
export function firstNames(names: readonly string[], chars: number): readonly string[] {
  let left = chars;
  const fit: string[] = [];
  for (const name of names) {
    left -= name.length + 3;
    if (left < 0 && fit.length > 0) return [...fit, '…'];
    fit.push(name);
  }
  return fit;
}
