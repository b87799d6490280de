import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ApiError, AwayError } from '../../src/api/client.ts';
import type { Problem, Receipt } from '../../src/api/contract.ts';
import { batchNumbers, submitBatches, type SubmitEvent } from '../../src/orders/submit.ts';

const receipt: Receipt = { accepted: 1, stored: 1, unchanged: 0, expires_at: '2026-11-23T00:00:00Z' };
const error = (status: number, retryAfter: number | null = null, problem: Problem = {}) =>
  new ApiError(status, problem, retryAfter);

interface Run {
  readonly batches?: readonly number[];
  readonly post: (number: number, attempt: number) => Receipt | Error | Promise<Receipt>;
  readonly signal?: AbortSignal;
}

async function run({ batches = [0, 1, 2], post, signal = new AbortController().signal }: Run) {
  const events: SubmitEvent[] = [];
  const waits: number[] = [];
  const attempts = new Map<number, number>();
  const end = await submitBatches({
    batches,
    batch: (number) => Promise.resolve({ body: String(number), recordIds: [`id-${number}`] }),
    post: async (body) => {
      const number = Number(body);
      const attempt = (attempts.get(number) ?? 0) + 1;
      attempts.set(number, attempt);
      const answer = await post(number, attempt);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    onEvent: (event) => events.push(event),
    signal,
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    random: () => 0,
  });
  return { end, events, waits, attempts };
}

test('orders are posted in batches of 100', () => {
  assert.deepEqual(
    [0, 1, 100, 101, 250].map((orders) => batchNumbers(orders).length),
    [0, 1, 1, 2, 3],
  );
});

test('every batch is posted once', async () => {
  const { end, events, attempts } = await run({ batches: batchNumbers(1234), post: () => receipt });
  assert.deepEqual(end, { kind: 'finished' });
  assert.equal(events.length, 13);
  assert.ok([...attempts.values()].every((count) => count === 1));
});

test('a busy API is asked again after the time it names', async () => {
  const { end, events, waits } = await run({
    batches: [0],
    post: (_, attempt) => (attempt < 3 ? error(503, 7000) : receipt),
  });
  assert.deepEqual(end, { kind: 'finished' });
  assert.deepEqual(waits, [7000, 7000]);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['waiting', 'waited', 'waiting', 'waited', 'stored'],
  );
});

test('an API that does not answer is asked again with growing delays, then the run ends and names what is left', async () => {
  const { end, waits } = await run({ batches: [3], post: () => new AwayError('The API does not answer.') });
  assert.deepEqual(end, { kind: 'failed', remaining: [3], message: 'The API does not answer.', unauthorized: false });
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000]);
});

test('a conflict refuses its batch only, and names its orders', async () => {
  const { end, events } = await run({
    post: (number) => (number === 1 ? error(409, null, { conflicts: [{ index: 0, record_id: 'id-1' }] }) : receipt),
  });
  assert.deepEqual(end, { kind: 'finished' });
  const refused = events.filter((event) => event.kind === 'refused');
  assert.deepEqual(
    refused.map(({ status, problems }) => [status, problems.map(({ recordId }) => recordId)]),
    [[409, ['id-1']]],
  );
  assert.equal(events.filter(({ kind }) => kind === 'stored').length, 2);
});

test('a violation that only the API finds is shown at its order', async () => {
  const problem = {
    detail: 'new rule',
    violations: [{ index: 0, field: '/0/parameter_1', code: 'too_long', message: 'too long now' }],
  };
  const { events } = await run({ batches: [5], post: () => error(400, null, problem) });
  const [event] = events;
  assert.deepEqual(event?.kind === 'refused' && event.problems, [{ recordId: 'id-5', message: 'too long now' }]);
});

test('a refused caller ends the run at once', async () => {
  const { end } = await run({ post: () => error(401) });
  assert.equal(end.kind, 'failed');
  assert.ok(end.kind === 'failed' && end.unauthorized);
  assert.deepEqual(end.kind === 'failed' && end.remaining, [0, 1, 2]);
});

test('a stopped run says what is left, and a run with the rest finishes it', async () => {
  const stop = new AbortController();
  const batches = batchNumbers(2000);
  let posted = 0;
  const first = await run({
    batches,
    signal: stop.signal,
    post: () => {
      posted += 1;
      if (posted === 7) stop.abort(new Error('stopped'));
      return receipt;
    },
  });
  assert.equal(first.end.kind, 'stopped');
  const remaining = first.end.kind === 'stopped' ? first.end.remaining : [];
  assert.ok(remaining.length > 0 && remaining.length < batches.length);
  const second = await run({ batches: remaining, post: () => receipt });
  assert.deepEqual(second.end, { kind: 'finished' });
  const stored = [...first.events, ...second.events].flatMap((event) => (event.kind === 'stored' ? [event.batch] : []));
  assert.deepEqual(
    [...new Set(stored)].sort((a, b) => a - b),
    batches,
  );
});
