import { closestName } from './closest-name.js';

/** ` - did you mean 'x'?` for the name that was probably meant, else an empty text; for the end of a message. */
export function didYouMean(written: string, names: Iterable<string>): string {
  const near = closestName(written, names);
  return near === undefined || near === written ? '' : ` - did you mean '${near}'?`;
}

/** {@link didYouMean} with a budget of 20,000 comparisons in all: a text of a million unknown names must not cost minutes. */
export class Suggest {
  private left = 20_000;

  for(written: string, names: readonly string[]): string {
    if (this.left < names.length) return '';
    this.left -= names.length;
    return didYouMean(written, names);
  }
}
