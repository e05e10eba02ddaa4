import { closestName } from './closest-name.js';

/** ` - did you mean 'x'?` for the name that was probably meant, else an empty text; for the end of a message. */
export function didYouMean(written: string, names: Iterable<string>): string {
  const near = closestName(written, names);
  return near === undefined || near === written ? '' : ` - did you mean '${near}'?`;
}
