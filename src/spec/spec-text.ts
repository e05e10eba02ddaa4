import type { Issue } from '../dag/issue.js';
import type { Json } from '../dag/json.js';

/** 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A place asked for: the key of a field, or its value. */
export interface PlaceRequest {
  readonly path: string;
  readonly part: 'key' | 'value';
}

/** A text that was read as one JSON value, and knows where each part of it stands. */
export interface SpecText {
  readonly value: Json;
  /** One answer per request, in order; undefined where the path is not in the text. */
  locate(requests: readonly PlaceRequest[]): (Position | undefined)[];
}

/** What reading a text comes to: the text's value, or why it has none. Both where the value is there and still wrong. */
export interface SpecTextResult {
  readonly text?: SpecText;
  readonly issues: readonly Issue[];
}

/** Position of an offset in a text: for the few offsets of issues, since each call scans the text up to there. */
export function positionAt(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return { line, column: offset - start + 1 };
}
