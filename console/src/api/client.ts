/**
 * The HTTP client.
 *
 * Every request may safely be repeated: orders are stored under their `record_id`, and identical content is `unchanged`.
 * So an unavailable API is asked again, after the time it names in `Retry-After` or after a growing, jittered delay.
 */

import {
  day,
  problem,
  receipt,
  slotPage,
  storedOrder,
  type Day,
  type Problem,
  type Receipt,
  type SlotPage,
  type StoredOrder,
} from './contract.ts';
import { DecodeError, type Decoder } from './decode.ts';
import { parseExactJson } from './exact-json.ts';

/** The API answered with an error status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly problem: Problem;
  /** The delay in milliseconds that the API asks for. */
  readonly retryAfter: number | null;

  constructor(status: number, body: Problem, retryAfter: number | null) {
    super(body.detail ?? body.title ?? body.message ?? `HTTP ${status}`);
    this.status = status;
    this.problem = body;
    this.retryAfter = retryAfter;
  }
}

/** The API did not answer: the network failed, or the request took too long. */
export class AwayError extends Error {
  override readonly name = 'AwayError';
}

/** Whether the same request may succeed later. */
export function isTransient(error: unknown): error is ApiError | AwayError {
  return error instanceof AwayError || (error instanceof ApiError && [429, 502, 503, 504].includes(error.status));
}

/** Whether the API refuses the caller, not the request. */
export function isUnauthorized(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 401 || error.status === 403);
}

/** The sentence for an error of a call. */
export function describeError(error: unknown): string {
  if (error instanceof ApiError && error.status === 401)
    return 'The API refused this sign-in (401): it expired, or it is for another service.';
  if (error instanceof ApiError && error.status === 403) return 'This account may not use the API (403).';
  if (error instanceof ApiError) return `${error.message} (${error.status})`;
  return error instanceof Error ? error.message : String(error);
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
const LONGEST_RETRY_AFTER = 60_000;

/** Milliseconds until the next attempt; attempts count from 1. */
export function retryDelay(error: ApiError | AwayError, attempt: number, random: () => number = Math.random): number {
  if (error instanceof ApiError && error.retryAfter !== null) return Math.min(error.retryAfter, LONGEST_RETRY_AFTER);
  const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1));
  return ceiling / 2 + (random() * ceiling) / 2;
}

/** Reads `Retry-After`, which is a number of seconds or an HTTP date, as milliseconds. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** Waits; an abort ends the wait with the signal's reason. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', abort, { once: true });
  });
}

export interface ApiOptions {
  /** The path of the API on this origin. */
  readonly base: string;
  /** The bearer token; null where the API is open, or before sign-in. */
  readonly token: () => string | null;
  /** Called when the API refuses the caller. */
  readonly onUnauthorized?: (error: ApiError) => void;
  readonly fetch?: typeof fetch;
  readonly wait?: typeof wait;
  /** Milliseconds after which a request counts as lost. */
  readonly timeout?: number;
  /** Attempts of a read. */
  readonly attempts?: number;
}

export class Api {
  readonly #options: Required<Omit<ApiOptions, 'onUnauthorized'>> & Pick<ApiOptions, 'onUnauthorized'>;

  constructor(options: ApiOptions) {
    this.#options = { fetch: globalThis.fetch.bind(globalThis), wait, timeout: 35_000, attempts: 3, ...options };
  }

  /** Stores a batch. One attempt: the caller paces several batches together. */
  postOrders(body: string, signal: AbortSignal): Promise<Receipt> {
    return this.#send(receipt, '/orders', signal, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  }

  /** Reads an order; null when it is not stored, or older than 24 hours. */
  async order(recordId: string, signal: AbortSignal): Promise<StoredOrder | null> {
    try {
      // A colon needs no escape in a path, and not every proxy decodes it.
      return await this.#read(storedOrder, `/orders/${encodeURIComponent(recordId).replaceAll('%3A', ':')}`, signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  day(date: string, signal: AbortSignal): Promise<Day> {
    return this.#read(day, `/results/${date}`, signal);
  }

  /** Reads a page of a slot's orders; null when nothing is known of the slot. */
  async slot(
    date: string,
    slot: string,
    page: { limit: number; cursor?: string | undefined },
    signal: AbortSignal,
  ): Promise<SlotPage | null> {
    const query = new URLSearchParams({ limit: String(page.limit) });
    if (page.cursor !== undefined) query.set('cursor', page.cursor);
    try {
      return await this.#read(slotPage, `/results/${date}/${slot.replace(/[-:]/g, '')}?${query}`, signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  async #read<T>(decoder: Decoder<T>, path: string, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#send(decoder, path, signal, {});
      } catch (error) {
        if (!isTransient(error) || attempt >= this.#options.attempts) throw error;
        await this.#options.wait(retryDelay(error, attempt), signal);
      }
    }
  }

  async #send<T>(decoder: Decoder<T>, path: string, signal: AbortSignal, init: RequestInit): Promise<T> {
    const headers = new Headers(init.headers);
    headers.set('accept', 'application/json');
    const token = this.#options.token();
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    let response: Response;
    let body: string;
    try {
      response = await this.#options.fetch(`${this.#options.base}${path}`, {
        ...init,
        headers,
        cache: 'no-store',
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeout)]),
      });
      body = await response.text();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new AwayError('The API does not answer.', { cause: error });
    }
    if (response.ok) return decoder(parse(body, response.status), '');
    const error = new ApiError(
      response.status,
      readProblem(body),
      parseRetryAfter(response.headers.get('retry-after'), Date.now()),
    );
    if (isUnauthorized(error)) this.#options.onUnauthorized?.(error);
    throw error;
  }
}

function parse(body: string, status: number): unknown {
  try {
    return parseExactJson(body);
  } catch {
    throw new DecodeError(`the API's response (${status}) is not JSON`);
  }
}

/** An error's body, as far as it can be read: a proxy's error page has none. */
function readProblem(body: string): Problem {
  try {
    return problem(parseExactJson(body), '');
  } catch {
    return {};
  }
}
