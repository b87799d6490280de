/**
 * Violations and reports.
 *
 * Rules and messages come from core. A test verifies that the codes equal those of core's `violation.rs`.
 */

import type { Verdict } from './instance.js';

/** All violation codes. Codes are permanent: one that was shipped never changes its meaning. */
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

/** The permanent code of a kind of violation. */
export type ViolationCode = (typeof VIOLATION_CODES)[number];

/** One violation of a rule. */
export interface Violation {
  /** Index of the order, from 0; `null` for a violation of the whole request. */
  readonly index: number | null;
  /** JSON pointer (RFC 6901) to the field, such as `/1/parameter_2`; `""` for the whole request. */
  readonly field: string;
  readonly code: ViolationCode;
  /** A sentence in English. */
  readonly message: string;
}

/** The result of checking a request. */
export interface Report {
  /** Whether there are no violations. */
  readonly valid: boolean;
  /** Number of violations, including those that are not listed. */
  readonly total: number;
  /** Number of orders in the request; 0 when it cannot be parsed. */
  readonly orders: number;
  /** The first `limits.listed` violations in input order, created on first access. */
  readonly violations: readonly Violation[];
  /** The response body of `POST /orders/preview`: `{"valid":…,"total":…,"violations":[…]}`. */
  toJSON(): { valid: boolean; total: number; violations: readonly Violation[] };
}

const NONE: readonly Violation[] = Object.freeze([]);

/** A report that parses core's JSON when the violations are first read. */
export class LazyReport implements Report {
  readonly valid: boolean;
  readonly total: number;
  readonly orders: number;
  /** core's report as JSON, until it is parsed. */
  #json: string | undefined;
  #violations = NONE;

  /** @internal */
  constructor({ orders, total, report }: Verdict) {
    this.valid = total === 0;
    this.total = total;
    this.orders = orders;
    this.#json = report;
  }

  get violations(): readonly Violation[] {
    if (this.#json !== undefined) {
      this.#violations = (JSON.parse(this.#json) as { violations: readonly Violation[] }).violations;
      this.#json = undefined;
    }
    return this.#violations;
  }

  toJSON(): { valid: boolean; total: number; violations: readonly Violation[] } {
    const { valid, total, violations } = this;
    return { valid, total, violations };
  }

  /** The representation in Node's `console.log`. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    const { valid, total, orders, violations } = this;
    return { valid, total, orders, violations };
  }
}

/** `parseOrders` was called with an invalid request. The message describes the first violation. */
export class InvalidOrdersError extends Error {
  override readonly name = 'InvalidOrdersError';
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
