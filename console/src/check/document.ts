/** The worker's side of a check: the text, the last verdict on it, and the orders that are being submitted. */

import { parseOrders, validateOrders, STREAM_LIMITS, type Limits, type Orders } from '@gridbid/core/init';

import { detectTable, tableToJson } from '../orders/csv.ts';
import { locateViolations, findRecordIds, Lines, type CoreViolation, type Span } from '../orders/places.ts';
import { applyEdits, breakLongLines, normalizeLineBreaks, type Edit } from '../orders/text.ts';
import type { Batch, Verdict, Violation } from './protocol.ts';

/** The text is posted in batches, so it may hold more than one request. More violations than listed are counted only. */
const LIMITS: Limits = { ...STREAM_LIMITS, listed: 100_000 };
/** Violations that a verdict brings along. */
const FIRST = 100;

export class Document {
  #text = '';
  #version = 0;
  #checked = -1;
  #violations: readonly CoreViolation[] = [];
  #spans: readonly Span[] = [];
  #lines = new Lines('');
  #prepared: Orders | undefined;

  get version(): number {
    return this.#version;
  }

  replace(text: string, version: number): void {
    this.#text = text;
    this.#version = version;
  }

  edit(edits: readonly Edit[], version: number): void {
    this.#text = applyEdits(this.#text, edits);
    this.#version = version;
  }

  check(watched: readonly string[]): Verdict {
    const start = performance.now();
    const report = validateOrders(this.#text, { limits: LIMITS });
    const duration = performance.now() - start;
    const hasPlaces = !report.valid || watched.length > 0;
    this.#violations = report.valid ? [] : report.violations;
    this.#spans = report.valid ? [] : locateViolations(this.#text, this.#violations);
    this.#lines = hasPlaces ? new Lines(this.#text) : this.#lines;
    this.#checked = this.#version;
    const places = findRecordIds(this.#text, new Set(watched));
    return {
      version: this.#version,
      valid: report.valid,
      orders: report.orders,
      total: report.total,
      listed: this.#violations.length,
      violations: this.list(this.#version, 0, FIRST),
      watched: [...places].map(([recordId, span]) => ({ recordId, ...span, line: this.#lines.at(span.from) })),
      duration,
      bytes: this.#text.length,
    };
  }

  list(version: number, offset: number, count: number): Violation[] {
    if (version !== this.#checked) return [];
    return this.#violations.slice(offset, offset + count).map((_, at) => this.#violation(offset + at));
  }

  within(version: number, from: number, to: number, count: number): Violation[] {
    if (version !== this.#checked) return [];
    const found: Violation[] = [];
    for (let at = 0; at < this.#spans.length && found.length < count; at += 1) {
      const span = this.#spans[at];
      if (span !== undefined && span.from < to && span.to > from) found.push(this.#violation(at));
    }
    return found;
  }

  step(version: number, at: number, direction: 1 | -1): Violation | null {
    if (version !== this.#checked || this.#spans.length === 0) return null;
    // Of the places beyond the position the nearest; if there is none, the farthest on its other side.
    let [next, first]: [number | undefined, number | undefined] = [undefined, undefined];
    const distance = (index: number) => direction * ((this.#spans[index]?.from ?? 0) - at);
    for (const index of this.#spans.keys()) {
      if (distance(index) > 0 && (next === undefined || distance(index) < distance(next))) next = index;
      if (first === undefined || distance(index) < distance(first)) first = index;
    }
    return this.#violation(next ?? first ?? 0);
  }

  #violation(at: number): Violation {
    const { index, field, code, message } = this.#violations[at] ?? { index: null, field: '', code: '', message: '' };
    const { from, to, first } = this.#spans[at] ?? { from: 0, to: 0 };
    // An editor has lines, and no JSON pointers.
    const sentence = first === undefined ? message : `${message} (line ${this.#lines.at(first)})`;
    return { index, field, code, message: sentence, from, to, line: this.#lines.at(from) };
  }

  /** @throws {InvalidOrdersError} when the text is not valid. */
  prepare(): number {
    this.#prepared = parseOrders(this.#text, { limits: LIMITS });
    return this.#prepared.length;
  }

  /** A batch of what was prepared; later edits do not change it. */
  batch(number: number, size: number): Batch {
    const recordIds: string[] = [];
    const parts: string[] = [];
    for (let at = number * size; at < (number + 1) * size; at += 1) {
      const order = this.#prepared?.at(at);
      if (order === undefined) break;
      recordIds.push(order.record_id);
      // `parameter_2` is core's canonical text of the exact decimal, which is a JSON number.
      parts.push(
        `{"record_id":${JSON.stringify(order.record_id)},"parameter_1":${JSON.stringify(order.parameter_1)},"parameter_2":${order.parameter_2}}`,
      );
    }
    return { body: `[${parts.join(',')}]`, recordIds };
  }
}

/**
 * The text to edit for a file's content or for pasted text: a table becomes JSON, very long lines are broken.
 *
 * @throws {TableError} for a table that cannot be converted.
 */
export function readContent(content: ArrayBuffer | string, name: string): { text: string; table: boolean } {
  const text = typeof content === 'string' ? content : decodeUtf8(content, name);
  const delimiter = detectTable(text);
  if (delimiter !== null) return { text: tableToJson(text, delimiter), table: true };
  if (/\.(csv|tsv)$/i.test(name)) {
    throw new Error(`${name} needs a header line: record_id,parameter_1,parameter_2`);
  }
  return { text: breakLongLines(normalizeLineBreaks(text)), table: false };
}

function decodeUtf8(content: ArrayBuffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new Error(`${name} is not UTF-8 text`);
  }
}
