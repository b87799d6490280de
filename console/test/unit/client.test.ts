import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Api, ApiError, AwayError, describeError, parseRetryAfter, retryDelay } from '../../src/api/client.ts';
import { DecodeError } from '../../src/api/decode.ts';
import { parseExactJson } from '../../src/api/exact-json.ts';

const never = new AbortController().signal;
const json = (body: string, status = 200, headers: Record<string, string> = {}) =>
  new Response(body, { status, headers });
const DAY =
  '{"date":"2026-11-22","runs":1,"orders":2,"accepted":1,"rejected":1,"failed":0,"acceptance_rate":0.5000,"total_power":"1","unreadable":[],"slots":[{"slot":"2026-11-22T07:05:00Z","status":"missing"}]}';

function api(...answers: (Response | Error)[]) {
  const calls: Request[] = [];
  const waits: number[] = [];
  const client = new Api({
    base: '/api',
    token: () => 'secret',
    fetch: (input, init) => {
      calls.push(new Request(new URL(String(input), 'http://page'), init));
      const answer = answers.shift() ?? new Error('no answer left');
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
  });
  return { client, calls, waits };
}

test('a day is decoded, and the token is sent', async () => {
  const { client, calls } = api(json(DAY));
  const day = await client.day('2026-11-22', never);
  assert.equal(day.acceptance_rate, 0.5);
  assert.deepEqual(day.slots, [{ slot: '2026-11-22T07:05:00Z', status: 'missing' }]);
  assert.equal(calls[0]?.url, 'http://page/api/results/2026-11-22');
  assert.equal(calls[0]?.headers.get('authorization'), 'Bearer secret');
});

test('an amount keeps its 38 digits', async () => {
  const amount = '99999999999999999999999999999999999999';
  const { client } = api(
    json(`{"record_id":"a","parameter_1":"1.0","parameter_2":${amount},"accepted_at":"x","expires_at":"y"}`),
  );
  assert.equal((await client.order('a', never))?.parameter_2, amount);
});

test('numbers within strings stay', () => {
  assert.deepEqual(parseExactJson('{"a 1":"2 \\" 3","b":[-1.50e+2,true,null]}'), {
    'a 1': '2 " 3',
    b: ['-1.50e+2', true, null],
  });
});

test('ids and slots are written into paths', async () => {
  const { client, calls } = api(json('{}', 404), json('{}', 404));
  assert.equal(await client.order('a:b.c_d-1', never), null);
  assert.equal(await client.slot('2026-11-22', '2026-11-22T07:05:00Z', { limit: 100, cursor: '200' }, never), null);
  assert.deepEqual(
    calls.map(({ url }) => url),
    ['http://page/api/orders/a:b.c_d-1', 'http://page/api/results/2026-11-22/20261122T070500Z?limit=100&cursor=200'],
  );
});

test('a read is repeated while the API is unavailable', async () => {
  const { client, waits, calls } = api(json('', 503, { 'retry-after': '2' }), new TypeError('fetch failed'), json(DAY));
  assert.equal((await client.day('2026-11-22', never)).runs, 1);
  assert.equal(calls.length, 3);
  assert.equal(waits[0], 2000);
});

test('a read ends with the error of its last attempt', async () => {
  const { client } = api(...Array.from({ length: 3 }, () => new TypeError('fetch failed')));
  await assert.rejects(client.day('2026-11-22', never), AwayError);
});

test('a submission is attempted once', async () => {
  const { client, calls } = api(json('{"title":"busy"}', 503));
  await assert.rejects(client.postOrders('[]', never), (error) => error instanceof ApiError && error.status === 503);
  assert.equal(calls[0]?.headers.get('content-type'), 'application/json');
  assert.equal(calls.length, 1);
});

test('an error has the sentence of its problem, whatever the body is', async () => {
  for (const [body, message] of [
    ['{"title":"T","detail":"D"}', 'D (500)'],
    ['{"message":"Internal Server Error"}', 'Internal Server Error (500)'],
    ['<html>', 'HTTP 500 (500)'],
    ['', 'HTTP 500 (500)'],
  ] as const) {
    await assert.rejects(
      api(json(body, 500)).client.postOrders('[]', never),
      (error) => describeError(error) === message,
    );
  }
});

test('a malformed response names the member', async () => {
  const { client } = api(json(DAY.replace('"runs":1', '"runs":"many"')));
  await assert.rejects(
    client.day('2026-11-22', never),
    (error) => error instanceof DecodeError && /`runs` must be an integer/.test(error.message),
  );
});

test('an aborted request is not an unavailable API', async () => {
  const abort = new AbortController();
  abort.abort(new Error('changed my mind'));
  await assert.rejects(api(new TypeError('aborted')).client.day('2026-11-22', abort.signal), /changed my mind/);
});

test('Retry-After is read as seconds and as a date', () => {
  const now = Date.parse('2026-11-22T07:00:00Z');
  assert.equal(parseRetryAfter('3', now), 3000);
  assert.equal(parseRetryAfter('Sun, 22 Nov 2026 07:00:30 GMT', now), 30_000);
  assert.equal(parseRetryAfter('Sun, 22 Nov 2026 06:00:00 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), null);
  assert.equal(parseRetryAfter(null, now), null);
});

test('delays grow, are jittered and capped', () => {
  const away = new AwayError('away');
  assert.deepEqual(
    [1, 2, 3, 10].map((attempt) => retryDelay(away, attempt, () => 1)),
    [500, 1000, 2000, 15_000],
  );
  assert.equal(
    retryDelay(away, 1, () => 0),
    250,
  );
  assert.equal(retryDelay(new ApiError(503, {}, 3_600_000), 1), 60_000);
});
