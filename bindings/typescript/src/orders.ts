/**
 * The request side: a batch of orders, checked or parsed.
 *
 * Everything that can be wrong with a request is found by core and told as violations; only what is no request at all
 * (neither text nor bytes) is a `TypeError`. Orders stay columns until they are read: places in the request's text, out
 * of which a field is cut when it is asked for.
 */

import { instance, ROW, type Rows } from './instance.js';
import { DEFAULT_LIMITS, limitsOf, type Options } from './limits.js';
import { bytesOf, type Input } from './text.js';
import { InvalidOrdersError, LazyReport, type Report } from './violation.js';

/** An order, as it stands in a request's JSON; `parameter_2` keeps its exact value as text. */
export interface Order {
  /** The order's identity, distinct within its batch. */
  readonly record_id: string;
  /** A text. */
  readonly parameter_1: string;
  /** An exact decimal in its one canonical text: `"2.1"` for 2.1, 2.10 and 21e-1. */
  readonly parameter_2: string;
}

/** Fields in the order of their places in a row. */
const FIELDS = ['record_id', 'parameter_1', 'parameter_2'] as const satisfies readonly (keyof Order)[];

/**
 * Checks a request against the rules of `POST /orders`.
 *
 * @param input the request's JSON. Half a surrogate pair in a string is `not_utf8`, as it is in bytes.
 * @throws {CoreError} when there is no memory for it; the next call works.
 */
export function validateOrders(input: Input, options?: Options): Report {
  const limits = limitsOf(options, DEFAULT_LIMITS);
  const core = instance();
  core.load(input, limits.bytes);
  const report = new LazyReport(core.check(limits), core);
  core.rest();
  return report;
}

/**
 * Reads the orders of a request that is valid by the rules of `POST /orders`.
 *
 * @param input the request's JSON.
 * @throws {InvalidOrdersError} with the report, when it is not valid.
 * @throws {CoreError} when there is no memory for it; the next call works.
 */
export function parseOrders(input: Input, options?: Options): Orders {
  const limits = limitsOf(options, DEFAULT_LIMITS);
  const core = instance();
  core.load(input, limits.bytes);
  const parsed = core.parse(limits);
  core.rest();
  if (typeof parsed === 'string') throw new InvalidOrdersError(new LazyReport(parsed, core));
  return new Orders(parsed, core.orders, typeof input === 'string' ? input : new Uint8Array(bytesOf(input)));
}

/**
 * The orders of a valid request, in input order.
 *
 * An order that is read is a plain object, made anew each time; a field that is not read costs nothing. The request's
 * text is kept for as long as this is, or a string that was cut out of it.
 */
export class Orders implements Iterable<Order> {
  /** How many there are. */
  readonly length: number;
  readonly #rows: ArrayLike<number>;
  readonly #beside: string;
  #source: string | Uint8Array;

  /** @internal */
  constructor({ rows, beside }: Rows, length: number, source: string | Uint8Array) {
    this.length = length;
    this.#rows = rows;
    this.#beside = beside;
    this.#source = source;
  }

  /** The order at a place; a negative one counts from the end, as that of an array does. */
  at(index: number): Order | undefined {
    const whole = Math.trunc(index) || 0;
    const place = whole < 0 ? whole + this.length : whole;
    return place >= 0 && place < this.length ? this.#order(this.#text(), place * ROW) : undefined;
  }

  /** One field of all orders, and nothing else of them: `orders.column('record_id')`. */
  column(field: keyof Order): string[] {
    const at = FIELDS.indexOf(field);
    if (at < 0) throw new TypeError(`an order has no field \`${String(field)}\``);
    const text = this.#text();
    const column = new Array<string>(this.length);
    for (let index = 0; index < this.length; index += 1) column[index] = this.#part(text, index * ROW, at);
    return column;
  }

  /** All orders. */
  toArray(): Order[] {
    return this.map((order) => order);
  }

  /** What a function makes of each order. */
  map<T>(make: (order: Order, index: number) => T): T[] {
    const text = this.#text();
    const made = new Array<T>(this.length);
    for (let index = 0; index < this.length; index += 1) made[index] = make(this.#order(text, index * ROW), index);
    return made;
  }

  *[Symbol.iterator](): IterableIterator<Order> {
    const text = this.#text();
    for (let row = 0; row < this.#rows.length; row += ROW) yield this.#order(text, row);
  }

  /** What `JSON.stringify` writes: all orders, with `parameter_2` as a string, since a number would be rounded. */
  toJSON(): Order[] {
    return this.toArray();
  }

  /** What Node's `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): Order[] {
    return this.toArray();
  }

  #text(): string {
    if (typeof this.#source !== 'string') this.#source = new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#source);
    return this.#source;
  }

  #order(text: string, row: number): Order {
    return {
      record_id: this.#part(text, row, 0),
      parameter_1: this.#part(text, row, 1),
      parameter_2: this.#part(text, row, 2),
    };
  }

  /** A field, out of the request's text or of that beside it. */
  #part(text: string, row: number, field: number): string {
    const rows = this.#rows;
    const start = rows[row + 2 * field] ?? 0;
    const end = start + (rows[row + 2 * field + 1] ?? 0);
    const isBeside = ((rows[row + 6] ?? 0) >> field) & 1;
    return (isBeside === 1 ? this.#beside : text).substring(start, end);
  }
}
