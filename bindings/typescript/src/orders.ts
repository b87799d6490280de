/**
 * Checks and parses requests.
 *
 * core reports every problem of a request as a violation; only an input that is neither text nor bytes is a `TypeError`.
 * Parsed orders are spans of the request's text: a field is cut out of it when it is read.
 */

import { check, load, parse, release, ROW_WORDS, type Parsed } from './instance.js';
import { DEFAULT_LIMITS, resolveLimits, type Options } from './limits.js';
import { decoder, toBytes, type Input } from './text.js';
import { InvalidOrdersError, LazyReport, type Report } from './violation.js';

/** A valid order. */
export interface Order {
  /** Unique within the request. */
  readonly record_id: string;
  readonly parameter_1: string;
  /** An exact decimal in canonical form: `"2.1"` for 2.1, 2.10 and 21e-1. */
  readonly parameter_2: string;
}

/** Fields in the order of their spans in a row. */
const FIELDS = ['record_id', 'parameter_1', 'parameter_2'] as const satisfies readonly (keyof Order)[];

/**
 * Checks a request against the rules of `POST /orders`.
 *
 * @param input the request's JSON. A lone surrogate in a string is reported as `not_utf8`.
 * @throws {CoreError} when memory runs out; the next call works.
 */
export function validateOrders(input: Input, options?: Options): Report {
  const limits = resolveLimits(options, DEFAULT_LIMITS);
  load(input, limits.bytes);
  const verdict = check(limits);
  release();
  return new LazyReport(verdict);
}

/**
 * Parses a request by the rules of `POST /orders`.
 *
 * @param input the request's JSON.
 * @throws {InvalidOrdersError} when a rule is violated; it holds the report.
 * @throws {CoreError} when memory runs out; the next call works.
 */
export function parseOrders(input: Input, options?: Options): Orders {
  const limits = resolveLimits(options, DEFAULT_LIMITS);
  load(input, limits.bytes);
  const parsed = parse(limits);
  release();
  if (parsed.total > 0) throw new InvalidOrdersError(new LazyReport(parsed));
  return new Orders(parsed, typeof input === 'string' ? input : new Uint8Array(toBytes(input)));
}

/**
 * The orders of a valid request, in input order.
 *
 * Each access creates a new plain object; a field that is not read costs nothing. The request's text stays in memory as
 * long as the orders, or any string cut out of it.
 */
export class Orders implements Iterable<Order> {
  /** Number of orders. */
  readonly length: number;
  readonly #rows: ArrayLike<number>;
  readonly #decoded: string;
  #source: string | Uint8Array;

  /** @internal */
  constructor({ orders, rows, decoded }: Parsed, source: string | Uint8Array) {
    this.length = orders;
    this.#rows = rows;
    this.#decoded = decoded;
    this.#source = source;
  }

  /** Returns the order at an index, as `Array.prototype.at` does. */
  at(index: number): Order | undefined {
    const relative = Math.trunc(index) || 0;
    const position = relative < 0 ? relative + this.length : relative;
    return position >= 0 && position < this.length ? this.#order(this.#text(), position * ROW_WORDS) : undefined;
  }

  /** Returns one field of all orders, without creating objects: `orders.column('record_id')`. */
  column(field: keyof Order): string[] {
    const position = FIELDS.indexOf(field);
    if (position < 0) throw new TypeError(`unknown field \`${String(field)}\`: expected one of ${FIELDS.join(', ')}`);
    const text = this.#text();
    const column = new Array<string>(this.length);
    for (let index = 0; index < this.length; index += 1) column[index] = this.#field(text, index * ROW_WORDS, position);
    return column;
  }

  toArray(): Order[] {
    return this.map((order) => order);
  }

  map<T>(transform: (order: Order, index: number) => T): T[] {
    const text = this.#text();
    const mapped = new Array<T>(this.length);
    for (let index = 0; index < this.length; index += 1) {
      mapped[index] = transform(this.#order(text, index * ROW_WORDS), index);
    }
    return mapped;
  }

  *[Symbol.iterator](): IterableIterator<Order> {
    const text = this.#text();
    for (let row = 0; row < this.#rows.length; row += ROW_WORDS) yield this.#order(text, row);
  }

  /** The representation in JSON, in which `parameter_2` is a string, since readers would round a number. */
  toJSON(): Order[] {
    return this.toArray();
  }

  /** The representation in Node's `console.log`. */
  [Symbol.for('nodejs.util.inspect.custom')](): Order[] {
    return this.toArray();
  }

  #text(): string {
    if (typeof this.#source !== 'string') this.#source = decoder.decode(this.#source);
    return this.#source;
  }

  #order(text: string, row: number): Order {
    return {
      record_id: this.#field(text, row, 0),
      parameter_1: this.#field(text, row, 1),
      parameter_2: this.#field(text, row, 2),
    };
  }

  /** Cuts a field out of the request's text, or out of the decoded text if core had to decode it. */
  #field(text: string, row: number, field: number): string {
    const start = wordAt(this.#rows, row + 2 * field);
    const length = wordAt(this.#rows, row + 2 * field + 1);
    const isDecoded = (wordAt(this.#rows, row + 6) >> field) & 1;
    return (isDecoded === 1 ? this.#decoded : text).substring(start, start + length);
  }
}

function wordAt(words: ArrayLike<number>, index: number): number {
  const word = words[index];
  if (word === undefined) throw new RangeError(`word ${index} is out of range`);
  return word;
}
