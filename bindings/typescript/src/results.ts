/**
 * Reads the auction platform's results, determines the outcome of each order, and hashes orders.
 *
 * A response that is malformed as a whole throws; a malformed order inside a valid response only affects that order. Orders
 * are JSON texts, since a JavaScript number would round a decimal of more than 15 digits.
 */

import { gridbid_canonical, gridbid_day, gridbid_decision, gridbid_results } from './gridbid_wasm.js';
import { load, query, release, type Query } from './instance.js';
import { encode, strictDecoder, toBytes, type Input } from './text.js';

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

/** All codes of summaries that cannot be added up. Codes are permanent. */
export const SUMMARIES_CODES = ['not_an_array', 'not_a_summary'] as const;

/** The permanent code of summaries that cannot be added up. */
export type SummariesCode = (typeof SUMMARIES_CODES)[number];

/** The totals of a day's runs. */
export interface DayReport {
  readonly runs: number;
  readonly orders: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
  /** From 0 to 1, rounded to four places; `null` without orders. */
  readonly acceptance_rate: number | null;
  /** The exact sum of the accepted orders' power, as a decimal. */
  readonly total_power: string;
  /** The totals as JSON, in which the rate has four places. */
  readonly text: string;
}

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

/** The summaries of a day cannot be added up. */
export class InvalidSummariesError extends Error {
  override readonly name = 'InvalidSummariesError';
  readonly code: SummariesCode;

  /** @internal */
  constructor({ code, message }: Problem<SummariesCode>, options?: ErrorOptions) {
    super(message, options);
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
  const results = ask<Results | { error: Problem<ResultsCode> }>(gridbid_results, input);
  if ('error' in results) throw new InvalidResultsError(results.error);
  return results;
}

/** Determines the outcome of one order, such as one of `readResults`. */
export function decideOutcome(order: Input): Outcome {
  const decision = ask<{ accepted: CanonicalOrder } | { rejected: string } | { malformed: Problem<MalformedCode> }>(
    gridbid_decision,
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
  const response = ask<{ order: CanonicalOrder } | { malformed: Problem<MalformedCode> }>(gridbid_canonical, order);
  if ('malformed' in response) throw new MalformedOrderError(response.malformed);
  return response.order.sha256;
}

/**
 * Adds up the summaries of a day's runs, each a JSON text. If a slot has several, the last one counts.
 *
 * @throws {InvalidSummariesError} when one is not a summary, or they cannot be added up.
 */
export function dayReport(summaries: Iterable<Input>): DayReport {
  const documents = Array.from(summaries, toJson);
  const response = askText(gridbid_day, `[${documents.join(',')}]`);
  const parsed = JSON.parse(response) as { day: Omit<DayReport, 'text'> } | { error: Problem<SummariesCode> };
  if ('error' in parsed) throw new InvalidSummariesError(parsed.error);
  return { ...parsed.day, text: response.slice('{"day":'.length, -1) };
}

/** Returns the text of a summary. Parts of one broken text could otherwise pass for several in an array. */
function toJson(summary: Input, index: number): string {
  const bytes = typeof summary === 'string' ? encode(summary) : toBytes(summary);
  try {
    const text = strictDecoder.decode(bytes);
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new InvalidSummariesError({ code: 'not_a_summary', message: `summary ${index} is not JSON` }, { cause: error });
  }
}

/** Passes an input to a function of core and parses its JSON. */
function ask<Result>(call: Query, input: Input): Result {
  return JSON.parse(askText(call, input)) as Result;
}

function askText(call: Query, input: Input): string {
  load(input, Number.POSITIVE_INFINITY);
  const json = query(call);
  release();
  return json;
}
