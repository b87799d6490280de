/**
 * What is wrong with a request, as core says it: permanent codes, places, and one sentence for people each.
 *
 * No sentence and no rule stands here. The codes are the ones of core's `violation.rs`, which a test holds them to.
 */

/** Every code of a violation. A code once shipped never changes its meaning. */
export const VIOLATION_CODES = [
  'not_json',
  'not_utf8',
  'not_an_array',
  'empty_batch',
  'too_many_orders',
  'body_too_large',
  'nested_too_deep',
  'not_an_object',
  'missing_field',
  'unknown_field',
  'duplicate_field',
  'wrong_type',
  'empty',
  'too_long',
  'invalid_characters',
  'too_precise',
  'out_of_range',
  'duplicate_record_id',
] as const;

/** The permanent name of a kind of violation. */
export type ViolationCode = (typeof VIOLATION_CODES)[number];

/** One thing that is wrong with a request. */
export interface Violation {
  /** Which order, from 0; `null` when it is the request as a whole. */
  readonly index: number | null;
  /** Where: a JSON pointer (RFC 6901) such as `/1/parameter_2`, `""` for the whole body. */
  readonly field: string;
  /** What kind of violation. */
  readonly code: ViolationCode;
  /** One sentence for people, in English. */
  readonly message: string;
}

/** What a request is found to be. */
export interface Report {
  /** Whether nothing is wrong. */
  readonly valid: boolean;
  /** How many violations there are, those that are not listed included. */
  readonly total: number;
  /** How many orders the request has; 0 when it cannot be read. */
  readonly orders: number;
  /** The first violations in input order, at most `limits.listed`. They are made when they are read for the first time. */
  readonly violations: readonly Violation[];
  /** What `JSON.stringify` writes: `{"valid":…,"total":…,"violations":[…]}`, as `POST /orders/preview` answers. */
  toJSON(): { valid: boolean; total: number; violations: readonly Violation[] };
}

const NONE: readonly Violation[] = Object.freeze([]);

/** A report whose violations are made when they are read. */
export class LazyReport implements Report {
  readonly valid: boolean;
  readonly total: number;
  readonly orders: number;
  /** core's report as JSON, until it has been read. */
  #written: string | undefined;
  #violations = NONE;

  constructor(written: string | undefined, { total, orders }: { readonly total: number; readonly orders: number }) {
    this.valid = total === 0;
    this.total = total;
    this.orders = orders;
    this.#written = written;
  }

  get violations(): readonly Violation[] {
    if (this.#written !== undefined) {
      this.#violations = (JSON.parse(this.#written) as { violations: readonly Violation[] }).violations;
      this.#written = undefined;
    }
    return this.#violations;
  }

  toJSON(): { valid: boolean; total: number; violations: readonly Violation[] } {
    const { valid, total, violations } = this;
    return { valid, total, violations };
  }

  /** What Node's `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    const { valid, total, orders, violations } = this;
    return { valid, total, orders, violations };
  }
}

/** A request that was to be parsed is not valid. */
export class InvalidOrdersError extends Error {
  override readonly name = 'InvalidOrdersError';
  /** What is wrong, all of it. */
  readonly report: Report;

  /** @internal */
  constructor(report: Report) {
    const [first] = report.violations;
    const place = first === undefined || first.field === '' ? '' : `${first.field}: `;
    const more = report.total > 1 && first !== undefined ? ` (and ${report.total - 1} more)` : '';
    super(first === undefined ? `${report.total} violations` : `${place}${first.message}${more}`);
    this.report = report;
  }
}
