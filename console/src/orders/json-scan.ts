/**
 * Finds where values start and end in JSON text.
 *
 * This is not a parser: core has already reported the errors. It must be fast on valid JSON (it steps over 100,000 orders
 * to reach the last one) and must end on anything.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The next position that is not white space. */
export function skipSpace(text: string, at: number): number {
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return at;
}

/** The position after the string that starts here. */
export function skipString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let start = end;
    while (text.charCodeAt(start - 1) === BACKSLASH) start -= 1;
    if ((end - start) % 2 === 0) return end + 1;
  }
  return text.length;
}

/** The position after the value that starts here. Always moves on, unless the text ends here. */
export function skipValue(text: string, at: number): number {
  let depth = 0;
  for (let here = at; here < text.length;) {
    switch (text.charCodeAt(here)) {
      case QUOTE:
        here = skipString(text, here);
        if (depth === 0) return here;
        break;
      case 0x7b: // {
      case 0x5b: // [
        depth += 1;
        here += 1;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1;
        here += 1;
        if (depth === 0) return here;
        if (depth < 0) return Math.max(here - 1, at + 1);
        break;
      case 0x2c: // ,
      case 0x20:
      case 0x0a:
      case 0x0d:
      case 0x09:
        if (depth === 0) return Math.max(here, at + 1);
        here += 1;
        break;
      default:
        here += 1;
    }
  }
  return text.length;
}

/** A member of an object: where its key and its value are. */
export interface Member {
  readonly key: string;
  readonly keyFrom: number;
  readonly keyTo: number;
  readonly valueFrom: number;
  readonly valueTo: number;
}

/** The members of the object that starts here. */
export function readMembers(text: string, at: number): Member[] {
  const members: Member[] = [];
  if (text[at] !== '{') return members;
  at = skipSpace(text, at + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyFrom = at;
    const keyTo = skipString(text, at);
    at = skipSpace(text, keyTo);
    if (text[at] !== ':') break;
    const valueFrom = skipSpace(text, at + 1);
    const valueTo = skipValue(text, valueFrom);
    members.push({ key: decode(text.slice(keyFrom, keyTo)), keyFrom, keyTo, valueFrom, valueTo });
    at = skipSpace(text, valueTo);
    if (text[at] !== ',') break;
    at = skipSpace(text, at + 1);
  }
  return members;
}

/** The text that a JSON string stands for, with U+FFFD for half a surrogate pair, as core writes it. */
export function decode(literal: string): string {
  if (literal.length >= 2 && !literal.includes('\\')) return literal.slice(1, -1).toWellFormed();
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' ? value.toWellFormed() : literal;
  } catch {
    return literal;
  }
}

/** Calls back with the span of each element of the array that the text is; a callback that returns false ends it. */
export function eachElement(text: string, visit: (index: number, from: number, to: number) => boolean): void {
  let at = skipSpace(text, 0);
  if (text[at] !== '[') return;
  at = skipSpace(text, at + 1);
  for (let index = 0; at < text.length && text[at] !== ']'; index += 1) {
    const to = skipValue(text, at);
    if (!visit(index, at, to)) return;
    at = skipSpace(text, to);
    if (text[at] !== ',') return;
    at = skipSpace(text, at + 1);
  }
}
