/** ` - did you mean 'x'?` for the nearest candidate within a third of the word's length (at most 3 edits), else an empty text. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates);
  return near === undefined ? '' : ` - did you mean '${near}'?`;
}

/** The candidate with the fewest edits from `word`, case ignored; ties go to the first. Costs length x 7 per candidate at most. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > 128) return undefined;
  const wanted = word.toLowerCase().replaceAll(/[_-]/g, '');
  let best: string | undefined;
  let limit = Math.min(3, Math.max(1, Math.floor(word.length / 3)));
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit + 4) continue;
    const distance = edits(wanted, candidate.toLowerCase().replaceAll(/[_-]/g, ''), limit);
    if (distance > limit || candidate === word) continue;
    if (distance === limit && best !== undefined) continue;
    best = candidate;
    limit = distance;
    if (limit === 0) break;
  }
  return best;
}

/** Edits (insert, delete, replace, swap) from a to b; anything above `limit` is reported as `limit + 1`. */
function edits(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let smallest = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((previous[j] as number) + 1, (row[j - 1] as number) + 1, (previous[j - 1] as number) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] as number) + 1);
      row.push(cost);
      if (cost < smallest) smallest = cost;
    }
    if (smallest > limit) return limit + 1;
    before = previous;
    previous = row;
  }
  return previous[b.length] as number;
}
