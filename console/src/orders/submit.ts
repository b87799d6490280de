/**
 * Posts batches: a few at a time, again when the API is unavailable, until all are stored or someone stops it.
 *
 * A batch is stored whole or not at all, and sending one again is safe. So what was not confirmed is simply posted again
 * by the next run.
 */

import { ApiError, AwayError, describeError, isTransient, retryDelay, wait } from '../api/client.ts';
import type { Conflict, Receipt } from '../api/contract.ts';
import type { Batch } from '../check/protocol.ts';

/** Orders of one request: the limit of `POST /orders`. */
export const BATCH_SIZE = 100;
/** Requests under way at the same time. */
const LANES = 4;
/** Attempts of one batch before the run ends: it can be resumed. */
const ATTEMPTS = 6;

/** A sentence about an order that the API did not store. */
export interface OrderProblem {
  readonly recordId: string;
  readonly message: string;
}

export type SubmitEvent =
  | {
      readonly kind: 'stored';
      readonly batch: number;
      readonly recordIds: readonly string[];
      readonly receipt: Receipt;
    }
  /** The API refused the batch because of its orders; other batches go on. */
  | {
      readonly kind: 'refused';
      readonly batch: number;
      readonly recordIds: readonly string[];
      readonly status: number;
      readonly detail: string;
      readonly problems: readonly OrderProblem[];
    }
  /** The API is unavailable: all lanes wait. */
  | { readonly kind: 'waiting'; readonly milliseconds: number; readonly attempt: number; readonly reason: string }
  /** The wait is over. */
  | { readonly kind: 'waited' };

export type SubmitEnd =
  | { readonly kind: 'finished' }
  | { readonly kind: 'stopped'; readonly remaining: readonly number[] }
  /** Nothing more can be posted now; the remaining batches can be posted later. */
  | {
      readonly kind: 'failed';
      readonly remaining: readonly number[];
      readonly message: string;
      readonly unauthorized: boolean;
    };

export interface SubmitOptions {
  /** The numbers of the batches to post. */
  readonly batches: readonly number[];
  readonly batch: (number: number) => Promise<Batch>;
  readonly post: (body: string, signal: AbortSignal) => Promise<Receipt>;
  readonly onEvent: (event: SubmitEvent) => void;
  /** Stops the run. */
  readonly signal: AbortSignal;
  readonly wait?: typeof wait;
  readonly random?: () => number;
}

/** Posts batches until they are done; never throws. */
export async function submitBatches(options: SubmitOptions): Promise<SubmitEnd> {
  const pause = options.wait ?? wait;
  const remaining = new Set(options.batches);
  const queue = [...options.batches];
  // A lane that fails ends the others.
  const halt = new AbortController();
  const signal = AbortSignal.any([options.signal, halt.signal]);
  let failure: unknown;
  /** When all lanes may go on after an unavailable API, and what they wait for. */
  let opening: Promise<void> | undefined;

  const postBatch = async (number: number): Promise<void> => {
    const { body, recordIds } = await options.batch(number);
    for (let attempt = 1; ; attempt += 1) {
      while (opening !== undefined) await opening;
      signal.throwIfAborted();
      try {
        const receipt = await options.post(body, signal);
        remaining.delete(number);
        options.onEvent({ kind: 'stored', batch: number, recordIds, receipt });
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ApiError && (error.status === 400 || error.status === 409)) {
          remaining.delete(number);
          options.onEvent({
            kind: 'refused',
            batch: number,
            recordIds,
            status: error.status,
            detail: error.message,
            problems: problemsOf(error, recordIds),
          });
          return;
        }
        if (!isTransient(error) || attempt >= ATTEMPTS) throw error;
        if (opening === undefined) {
          const milliseconds = retryDelay(error, attempt, options.random);
          options.onEvent({
            kind: 'waiting',
            milliseconds,
            attempt,
            reason: error instanceof AwayError ? 'The API does not answer' : 'The API is busy',
          });
          opening = pause(milliseconds, signal).finally(() => {
            opening = undefined;
            options.onEvent({ kind: 'waited' });
          });
        }
      }
    }
  };

  const lane = async (): Promise<void> => {
    try {
      for (let next = queue.shift(); next !== undefined && !signal.aborted; next = queue.shift()) await postBatch(next);
    } catch (error) {
      if (!signal.aborted) failure = error;
      halt.abort();
    }
  };
  await Promise.all(Array.from({ length: Math.min(LANES, queue.length) }, lane));

  const left = [...remaining].sort((a, b) => a - b);
  if (failure !== undefined) {
    const unauthorized = failure instanceof ApiError && (failure.status === 401 || failure.status === 403);
    return { kind: 'failed', remaining: left, message: describeError(failure), unauthorized };
  }
  if (left.length > 0) return { kind: 'stopped', remaining: left };
  return { kind: 'finished' };
}

/** What the API says of single orders of a batch. */
function problemsOf({ problem }: ApiError, recordIds: readonly string[]): OrderProblem[] {
  const conflicts = (problem.conflicts ?? []).map(({ record_id }: Conflict) => ({
    recordId: record_id,
    message: 'an order with this `record_id` is stored with other content',
  }));
  const violations = (problem.violations ?? []).flatMap(({ index, message }) => {
    const recordId = index === null ? undefined : recordIds[index];
    return recordId === undefined ? [] : [{ recordId, message }];
  });
  return [...conflicts, ...violations];
}

/** The batch numbers for a count of orders. */
export function batchNumbers(orders: number, size = BATCH_SIZE): number[] {
  return Array.from({ length: Math.ceil(orders / size) }, (_, number) => number);
}
