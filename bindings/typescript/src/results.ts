/**
 * The result side: the auction platform's answer, what becomes of each of its orders, and an order's hash.
 *
 * What an answer and an order must be is decided by core; an answer that breaks the platform's contract as a whole is
 * an error, a single malformed order is an outcome of that order alone. Numbers of at most 15 significant digits are
 * all that core lets through, so that they are the same as JavaScript's.
 */

import { instance, type Question } from './instance.js';
import type { Input } from './text.js';

/** Every code of an answer that breaks the platform's contract. */
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

/** Why the platform's answer cannot be used. */
export type ResultsCode = (typeof RESULTS_CODES)[number];

/** Every code of an order that cannot be decided. */
export const MALFORMED_CODES = [
  'not_json',
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

/** Why an order of the platform's answer cannot be decided. */
export type MalformedCode = (typeof MALFORMED_CODES)[number];

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** An order of the platform's answer: its members, or `{malformed: {code, message}}` in the place of one that is. */
export interface ResultOrder {
  readonly [name: string]: Json;
}

/** The platform's answer for one slot. */
export type Results =
  | { /** The platform is to be asked again. */ readonly ready: false }
  | { readonly ready: true; /** The orders in the platform's order. */ readonly orders: readonly ResultOrder[] };

/** What becomes of one order. */
export type Outcome =
  | {
      readonly status: 'accepted';
      /** The text that is filed: the order as canonical JSON (RFC 8785, exact numbers). */
      readonly canonical: string;
      /** The SHA-256 of that text's bytes, in hexadecimal. */
      readonly sha256: string;
      /** The order's `power`, if it has one, as an exact decimal. */
      readonly power?: string;
    }
  | { readonly status: 'rejected'; /** One sentence for people. */ readonly message: string }
  | { readonly status: 'malformed'; readonly code: MalformedCode; /** One sentence for people. */ readonly message: string };

/** The platform's answer breaks its contract as a whole: it is told, never asked for again. */
export class InvalidResultsError extends Error {
  override readonly name = 'InvalidResultsError';
  /** The permanent code of what is wrong. */
  readonly code: ResultsCode;

  /** @internal */
  constructor({ code, message }: Problem<ResultsCode>) {
    super(message);
    this.code = code;
  }
}

/** An order of the platform's answer is none, so it has no hash. */
export class MalformedOrderError extends Error {
  override readonly name = 'MalformedOrderError';
  /** The permanent code of what is wrong. */
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

/** An order as core writes it. */
interface Hashed {
  readonly canonical: string;
  readonly sha256: string;
  readonly power?: string;
}

/**
 * Reads the auction platform's answer.
 *
 * @throws {InvalidResultsError} when it breaks the platform's contract as a whole.
 */
export function readResults(answer: Input): Results {
  const told = asked<
    { passed_on: { results: false } | { results: true; orders: ResultOrder[] } } | { error: Problem<ResultsCode> }
  >('gridbid_answer', answer);
  if ('error' in told) throw new InvalidResultsError(told.error);
  const { passed_on: passed } = told;
  return passed.results ? { ready: true, orders: passed.orders } : { ready: false };
}

/** Decides one order of the platform's answer: one that `readResults` gave, or its JSON. */
export function decideOutcome(order: Input | ResultOrder): Outcome {
  const told = asked<{ accepted: Hashed } | { rejected: string } | { malformed: Problem<MalformedCode> }>(
    'gridbid_decision',
    json(order),
  );
  if ('accepted' in told) return { status: 'accepted', ...told.accepted };
  if ('rejected' in told) return { status: 'rejected', message: told.rejected };
  return { status: 'malformed', ...told.malformed };
}

/**
 * The SHA-256 of an order's canonical JSON, in hexadecimal: the same for the same order, however it was written and
 * whatever became of it.
 *
 * @throws {MalformedOrderError} when it is no order of an answer.
 */
export function orderHash(order: Input | ResultOrder): string {
  const told = asked<{ order: Hashed } | { malformed: Problem<MalformedCode> }>('gridbid_canonical', json(order));
  if ('malformed' in told) throw new MalformedOrderError(told.malformed);
  return told.order.sha256;
}

/** An order as JSON. What `readResults` gave comes back the same: its numbers have few digits, its keys are distinct. */
function json(order: Input | ResultOrder): Input {
  const isInput = typeof order !== 'object' || order === null || ArrayBuffer.isView(order) || isBuffer(order);
  return isInput ? (order as Input) : JSON.stringify(order);
}

function isBuffer(value: object): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]';
}

function asked<Answer>(question: Question, input: Input): Answer {
  const core = instance();
  core.load(input, Number.POSITIVE_INFINITY);
  const told = core.ask(question);
  core.rest();
  return JSON.parse(told) as Answer;
}
