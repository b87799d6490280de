/**
 * Reads the auction platform's results, determines the outcome of each order, and hashes orders.
 *
 * A response that is malformed as a whole throws; a malformed order inside a valid response only affects that order. Orders
 * are JSON texts, since a JavaScript number would round a decimal of more than 15 digits.
 */

import { sharedInstance, type QueryExport } from './instance.js';
import type { Input } from './text.js';

/** All codes of results that break the platform's contract. Codes are permanent. */
export const RESULTS_CODES = [
  'not_json',
  'not_utf8',
  'nested_too_deep',
  'not_an_object',
  'duplicate_field',
  'missing_results',
  'wrong_results',
  'missing_orders',
  'wrong_orders',
  'results_too_large',
] as const;

/** The permanent code of a breach of the platform's contract. */
export type ResultsCode = (typeof RESULTS_CODES)[number];

/** All codes of malformed orders. Codes are permanent. */
export const MALFORMED_CODES = [
  'not_json',
  'nested_too_deep',
  'not_an_object',
  'missing_status',
  'conflicting_status',
  'unknown_status',
  'wrong_type',
  'duplicate_field',
  'invalid_characters',
  'too_precise',
  'out_of_range',
] as const;

/** The permanent code of a malformed order. */
export type MalformedCode = (typeof MALFORMED_CODES)[number];

/** The platform's results for one slot. */
export type Results =
  | { /** Results are not available yet: poll again. */ readonly ready: false }
  | {
      readonly ready: true;
      /** Each order as canonical JSON, or `{"malformed": …}` in place of a malformed one; see `decideOutcome`. */
      readonly orders: readonly string[];
    };

/** The outcome of one order. */
export type Outcome =
  | {
      readonly status: 'accepted';
      /** The order as canonical JSON (RFC 8785, with exact numbers). */
      readonly canonical: string;
      /** SHA-256 of the canonical JSON, in hexadecimal. */
      readonly sha256: string;
      /** The order's `power`, if it has one, as an exact decimal. */
      readonly power?: string;
    }
  | { readonly status: 'rejected'; readonly message: string }
  | { readonly status: 'malformed'; readonly code: MalformedCode; readonly message: string };

/** The results break the platform's contract as a whole. Asking again does not help. */
export class InvalidResultsError extends Error {
  override readonly name = 'InvalidResultsError';
  readonly code: ResultsCode;

  /** @internal */
  constructor({ code, message }: Problem<ResultsCode>) {
    super(message);
    this.code = code;
  }
}

/** A malformed order, which has no hash. */
export class MalformedOrderError extends Error {
  override readonly name = 'MalformedOrderError';
  readonly code: MalformedCode;

  /** @internal */
  constructor({ code, message }: Problem<MalformedCode>) {
    super(message);
    this.code = code;
  }
}

interface Problem<Code> {
  readonly code: Code;
  readonly message: string;
}

/** An order in canonical form. */
interface CanonicalOrder {
  readonly canonical: string;
  readonly sha256: string;
  readonly power?: string;
}

/**
 * Reads the auction platform's results.
 *
 * @throws {InvalidResultsError} when they break the platform's contract as a whole.
 */
export function readResults(input: Input): Results {
  const results = query<Results | { error: Problem<ResultsCode> }>('gridbid_results', input);
  if ('error' in results) throw new InvalidResultsError(results.error);
  return results;
}

/** Determines the outcome of one order, such as one of `readResults`. */
export function decideOutcome(order: Input): Outcome {
  const decision = query<{ accepted: CanonicalOrder } | { rejected: string } | { malformed: Problem<MalformedCode> }>(
    'gridbid_decision',
    order,
  );
  if ('accepted' in decision) return { status: 'accepted', ...decision.accepted };
  if ('rejected' in decision) return { status: 'rejected', message: decision.rejected };
  return { status: 'malformed', ...decision.malformed };
}

/**
 * Returns the SHA-256 of an order's canonical JSON, in hexadecimal. White space, key order, escapes and the notation of
 * numbers do not affect it.
 *
 * @throws {MalformedOrderError} when the order is malformed.
 */
export function orderHash(order: Input): string {
  const response = query<{ order: CanonicalOrder } | { malformed: Problem<MalformedCode> }>('gridbid_canonical', order);
  if ('malformed' in response) throw new MalformedOrderError(response.malformed);
  return response.order.sha256;
}

function query<Result>(name: QueryExport, input: Input): Result {
  const core = sharedInstance();
  core.load(input, Number.POSITIVE_INFINITY);
  const json = core.query(name);
  core.release();
  return JSON.parse(json) as Result;
}
