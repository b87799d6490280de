/** The worker's copy of the editor's text: it follows edits, so that a key stroke in 8 MB sends a key stroke. */

import { skipSpace, skipValue } from './json-scan.ts';

/** A replacement of a range. Several in one update refer to the text before it, in ascending order. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** Applies the edits of one update. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let at = 0;
  let result = '';
  for (const { from, to, insert } of edits) {
    result += text.slice(at, from) + insert;
    at = to;
  }
  return result + text.slice(at);
}

/** A line longer than this is hard to read and slow to edit. */
const LONGEST_LINE = 5_000;

/**
 * Puts each order on a separate line if the text has very long lines, as `JSON.stringify` writes them. Only white space
 * between orders changes.
 */
export function breakLongLines(text: string): string {
  if (!hasLongLine(text)) return text;
  let at = skipSpace(text, 0);
  if (text[at] !== '[') return text;
  const parts: string[] = ['['];
  at = skipSpace(text, at + 1);
  while (at < text.length && text[at] !== ']') {
    const to = skipValue(text, at);
    parts.push('\n  ', text.slice(at, to));
    at = skipSpace(text, to);
    if (text[at] !== ',') break;
    parts.push(',');
    at = skipSpace(text, at + 1);
  }
  parts.push('\n', text.slice(at));
  return parts.join('');
}

function hasLongLine(text: string): boolean {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    if ((end < 0 ? text.length : end) - at > LONGEST_LINE) return true;
    if (end < 0) return false;
    at = end + 1;
  }
  return false;
}

/** Line breaks as the editor counts them: one character each. */
export function normalizeLineBreaks(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}
