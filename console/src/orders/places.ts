/** Where violations are in the text: core gives an index and a JSON pointer, an editor needs offsets and lines. */

import { decode, eachElement, readMembers, skipSpace, type Member } from './json-scan.ts';

/** A violation of an order or of the whole request, as core reports it. */
export interface CoreViolation {
  readonly index: number | null;
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

export interface Span {
  readonly from: number;
  readonly to: number;
  /** For a repeated `record_id`: where the first order that has it begins. */
  readonly first?: number;
}

/** The offsets of line starts, for turning an offset into a line. */
export class Lines {
  readonly #starts: Int32Array;

  constructor(text: string) {
    let count = 1;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
    this.#starts = new Int32Array(count);
    let line = 1;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts[line++] = at + 1;
  }

  /** The line of an offset, from 1. */
  at(offset: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }
}

/**
 * The span of each violation, in the order given. Violations are sorted by index, those of the whole request first or last.
 */
export function locateViolations(text: string, violations: readonly CoreViolation[]): Span[] {
  const start = firstLine(text, { from: skipSpace(text, 0), to: text.length });
  const spans = violations.map((violation) => (violation.index === null ? wholeBody(text, violation) : start));
  const ofOrders: number[] = [];
  // The first orders of a `record_id` that later orders repeat, by index.
  const firsts = new Map<number, number>();
  for (const [at, violation] of violations.entries()) {
    if (violation.index !== null) ofOrders.push(at);
    const first = firstOrder(violation);
    if (first !== null) firsts.set(first, 0);
  }
  ofOrders.sort((a, b) => (violations[a]?.index ?? 0) - (violations[b]?.index ?? 0) || a - b);
  let next = 0;
  eachElement(text, (index, from, to) => {
    let members: Member[] | undefined;
    const seen = new Map<string, number>();
    if (firsts.has(index)) firsts.set(index, from);
    for (; next < ofOrders.length; next += 1) {
      const at = ofOrders[next] ?? 0;
      const violation = violations[at];
      if (violation === undefined || violation.index !== index) break;
      members ??= readMembers(text, from);
      const span = inOrder(text, violation, { from, to }, members, seen);
      const first = firsts.get(firstOrder(violation) ?? -1);
      spans[at] = first === undefined ? span : { ...span, first };
    }
    return next < ofOrders.length;
  });
  return spans;
}

/** The index of the order whose `record_id` this one repeats: the sentence has its JSON pointer. */
function firstOrder({ code, message }: CoreViolation): number | null {
  const index = code === 'duplicate_record_id' ? /\/(\d+)$/.exec(message)?.[1] : undefined;
  return index === undefined ? null : Number(index);
}

/** The place of a violation within its order. `seen` counts the violations of one code and field: each is a later member. */
function inOrder(
  text: string,
  { field, code }: CoreViolation,
  order: Span,
  members: readonly Member[],
  seen: Map<string, number>,
): Span {
  const [, , segment] = field.split('/');
  if (segment === undefined || code === 'missing_field') return firstLine(text, order);
  const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
  const named = members.filter(({ key }) => key === name);
  const key = `${code} ${name}`;
  const before = seen.get(key) ?? 0;
  seen.set(key, before + 1);
  if (code === 'duplicate_field' || code === 'unknown_field') {
    const member = named[code === 'duplicate_field' ? before + 1 : before];
    return member === undefined ? firstLine(text, order) : { from: member.keyFrom, to: member.keyTo };
  }
  const [member] = named;
  return member === undefined ? firstLine(text, order) : { from: member.valueFrom, to: member.valueTo };
}

/** The first line of a span: an order of many lines is not underlined whole. */
function firstLine(text: string, { from, to }: Span): Span {
  const end = text.slice(from, to).indexOf('\n');
  return { from, to: end < 0 ? to : from + end };
}

/** The place of a violation about the whole body: the byte that its message names, else the first line of the text. */
function wholeBody(text: string, { message }: CoreViolation): Span {
  const byte = /\bbyte (\d+)/.exec(message)?.[1];
  if (byte === undefined) return firstLine(text, { from: skipSpace(text, 0), to: text.length });
  const at = offsetOfByte(text, Number(byte));
  // An error at the end of the text is shown at its last character.
  const from = at < text.length ? at : Math.max(0, text.trimEnd().length - 1);
  return { from, to: Math.min(text.length, from + ((text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1)) };
}

/** The offset in UTF-16 code units of a byte of the text's UTF-8. */
export function offsetOfByte(text: string, byte: number): number {
  let at = 0;
  for (let bytes = 0; at < text.length && bytes < byte; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      at += 1;
    } else bytes += 3;
  }
  return at;
}

/** Where the orders of these ids are: the span of the first `record_id` with each, for those that the text has. */
export function findRecordIds(text: string, ids: ReadonlySet<string>): Map<string, Span> {
  const found = new Map<string, Span>();
  if (ids.size === 0) return found;
  eachElement(text, (_, from) => {
    const member = readMembers(text, from).find(({ key }) => key === 'record_id');
    if (member !== undefined) {
      const id = decode(text.slice(member.valueFrom, member.valueTo));
      if (ids.has(id) && !found.has(id)) found.set(id, { from: member.valueFrom, to: member.valueTo });
    }
    return found.size < ids.size;
  });
  return found;
}
