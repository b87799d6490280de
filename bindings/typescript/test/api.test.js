// The public API: reports, orders, results and errors.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';

import * as api from '@gridbid/core';
import { orders } from './requests.js';

const { dayReport, decideOutcome, orderHash, parseOrders, parseOrderStream, readResults, validateOrders, validateOrderStream } = api;
const GOOD = '[{"record_id":"a","parameter_1":"\\u0062","parameter_2":2.10},{"record_id":"c","parameter_1":"d","parameter_2":1e2}]';
const BAD = '[{"record_id":"a","parameter_1":"b","parameter_2":"2.1"},7]';
const ORDERS = [
  { record_id: 'a', parameter_1: 'b', parameter_2: '2.1' },
  { record_id: 'c', parameter_1: 'd', parameter_2: '100' },
];
const VIOLATIONS = [
  { index: 0, field: '/0/parameter_2', code: 'wrong_type', message: '`parameter_2` must be a number, not a string' },
  { index: 1, field: '/1', code: 'not_an_object', message: 'an order must be an object, not a number' },
];

test('report lists the violations of a request', () => {
  const good = validateOrders(GOOD);
  assert.deepEqual([good.valid, good.total, good.orders, good.violations], [true, 0, 2, []]);
  const bad = validateOrders(BAD);
  assert.deepEqual([bad.valid, bad.total, bad.orders, bad.violations], [false, 2, 2, VIOLATIONS]);
  assert.equal(bad.violations, bad.violations);
  assert.equal(JSON.stringify(bad), JSON.stringify({ valid: false, total: 2, violations: VIOLATIONS }));
  assert.equal(JSON.stringify(good), '{"valid":true,"total":0,"violations":[]}');
  assert.match(inspect(bad), /violations: \[\s+\{\s+index: 0/);
  assert.throws(() => good.violations.push(1), TypeError);
});

test('orders can be iterated, indexed, mapped and read by column', () => {
  const batch = parseOrders(GOOD);
  assert.equal(batch.length, 2);
  assert.deepEqual([...batch], ORDERS);
  assert.deepEqual(batch.toArray(), ORDERS);
  assert.deepEqual(batch.map(({ record_id: id }, index) => [id, index]), [['a', 0], ['c', 1]]);
  assert.deepEqual(batch.column('parameter_2'), ['2.1', '100']);
  assert.throws(() => batch.column('power'), { name: 'TypeError', message: 'unknown field `power`: expected one of record_id, parameter_1, parameter_2' });
  for (const index of [0, 1, -1, -2, 1.5, Number.NaN, 2, -3, Number.POSITIVE_INFINITY]) {
    assert.deepEqual(batch.at(index), ORDERS.at(index), String(index));
  }
  assert.deepEqual(Object.keys(batch.at(0)), ['record_id', 'parameter_1', 'parameter_2']);
  assert.equal(JSON.stringify(batch), JSON.stringify(ORDERS));
  assert.equal(inspect(batch), inspect(ORDERS));
});

test('parseOrders throws one error with the report', () => {
  assert.throws(() => parseOrders(BAD), (error) => {
    assert.ok(error instanceof api.InvalidOrdersError && error instanceof Error);
    assert.equal(error.name, 'InvalidOrdersError');
    assert.equal(error.message, '/0/parameter_2: `parameter_2` must be a number, not a string (and 1 more)');
    assert.match(error.stack, /^InvalidOrdersError: \/0\/parameter_2: /);
    assert.deepEqual(error.report.violations, VIOLATIONS);
    return true;
  });
  assert.throws(() => parseOrders(''), { message: 'not JSON at line 1, column 1 (byte 0): a value was expected' });
  assert.throws(() => parseOrders(BAD, { limits: { listed: 0 } }), { message: '2 violations' });
});

test('bytes are accepted as views and buffers of every kind and realm', () => {
  const bytes = Buffer.from(`  ${BAD}  `);
  const part = bytes.subarray(2, -2);
  const buffer = new Uint8Array(part).buffer;
  const shared = new Uint8Array(new SharedArrayBuffer(part.length));
  shared.set(part);
  const foreign = runInNewContext('Uint8Array.from(bytes)', { bytes: [...part] });
  assert.equal(foreign instanceof Uint8Array, false);
  for (const input of [part, new Uint8Array(part), buffer, new DataView(buffer), shared, foreign, foreign.buffer]) {
    assert.deepEqual(validateOrders(input).violations, VIOLATIONS);
  }
});

test('input of another type and invalid limits are errors of the caller', () => {
  const inputs = [[null, 'null'], [undefined, 'a value of type undefined'], [7, 'a value of type number'], [[], 'an array'], [{}, 'a value of type object']];
  for (const [input, found] of inputs) {
    const expected = { name: 'TypeError', message: `expected a string, a Uint8Array or an ArrayBuffer, got ${found}` };
    assert.throws(() => validateOrders(input), expected);
    assert.throws(() => parseOrders(input), expected);
    assert.throws(() => readResults(input), expected);
  }
  assert.throws(() => validateOrders(GOOD, { limits: { ordres: 1 } }), {
    name: 'TypeError',
    message: 'unknown limit `ordres`: expected one of orders, bytes, depth, listed',
  });
  for (const limit of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, '100', null]) {
    assert.throws(() => validateOrders(GOOD, { limits: { orders: limit } }), {
      name: 'RangeError',
      message: `limit \`orders\` must be an integer from 0 to 4294967295, got \`${limit}\``,
    });
  }
  assert.throws(() => validateOrders(GOOD, { limits: { depth: 256 } }), RangeError);
});

test('limits default to those of the service', () => {
  const codes = (input, limits) => validateOrders(input, limits && { limits }).violations.map(({ code }) => code);
  const text = JSON.stringify(orders(101));
  assert.deepEqual(codes(text), ['too_many_orders']);
  assert.deepEqual(codes(text, { orders: 101 }), []);
  assert.deepEqual(codes(text, { orders: 101, bytes: text.length }), []);
  assert.deepEqual(codes(text, { orders: 101, bytes: text.length - 1 }), ['body_too_large']);
  assert.deepEqual(codes(text, { orders: undefined }), ['too_many_orders']);
  assert.deepEqual(codes(GOOD, {}), []);
  assert.ok(Object.isFrozen(api.DEFAULT_LIMITS) && Object.isFrozen(api.STREAM_LIMITS));
});

test('large requests in every alphabet are parsed completely', () => {
  for (const text of ['plain', 'данные', '数据数据', '😀😀', 'é']) {
    for (const count of [900, 40_000]) {
      const given = orders(count, text);
      const batch = parseOrders(JSON.stringify(given), { limits: api.STREAM_LIMITS });
      assert.equal(batch.length, count);
      assert.equal(batch.at(-1).parameter_1, given.at(-1).parameter_1);
      assert.equal(batch.at(-1).record_id, given.at(-1).record_id);
    }
  }
});

test('streams are read from iterables, async iterables and web streams', async () => {
  const text = JSON.stringify(orders(5_000, 'данные'));
  const bytes = Buffer.from(text);
  const web = () => new Blob([bytes]).stream();
  const reader = () => {
    const stream = web();
    return { getReader: () => stream.getReader() };
  };
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += 1_009) yield bytes.subarray(at, at + 1_009);
  }
  for (const source of [[bytes], chunks, web, reader, () => new Response(bytes).body]) {
    const open = () => (typeof source === 'function' ? source() : source);
    assert.equal((await validateOrderStream(open())).orders, 5_000);
    assert.equal((await parseOrderStream(open())).at(-1)?.record_id, 'order-0004999');
  }
  assert.equal((await validateOrderStream([])).violations[0].code, 'not_json');
  await assert.rejects(validateOrderStream(['[', ']']), { name: 'TypeError', message: 'a chunk must be a Uint8Array' });
  await assert.rejects(validateOrderStream(chunks(), { limits: { orders: -1 } }), RangeError);
  await assert.rejects(parseOrderStream([Buffer.from(BAD)]), { name: 'InvalidOrdersError' });
});

test('failed stream rejects with its own error and is not a violation', async () => {
  async function* failing() {
    yield Buffer.from('[');
    throw new Error('connection lost');
  }
  await assert.rejects(validateOrderStream(failing()), { message: 'connection lost' });
  let isCancelled = false;
  const reader = {
    read: async () => ({ done: false, value: Buffer.from(' ') }),
    cancel: async () => void (isCancelled = true),
    releaseLock() {},
  };
  const report = await validateOrderStream({ getReader: () => reader }, { limits: { bytes: 3 } });
  assert.deepEqual([report.violations[0].code, isCancelled], ['body_too_large', true]);
});

test('streams are independent of each other and of calls between chunks', async () => {
  const bytes = Buffer.from(GOOD);
  async function* slowly() {
    for (const byte of bytes) {
      assert.equal(validateOrders(BAD).total, 2);
      await null;
      yield Buffer.of(byte);
    }
  }
  const [one, other] = await Promise.all([parseOrderStream(slowly()), parseOrderStream(slowly())]);
  assert.deepEqual(one.toArray(), ORDERS);
  assert.deepEqual(other.toArray(), ORDERS);
});

test('results are read, decided and hashed', () => {
  assert.deepEqual(readResults('{"results":false}'), { ready: false });
  const results = readResults('{"results":true,"orders":[{"order":"accepted","power":2.10,"10":1,"2":0},{"order":"rejected","record_id":"r"},{"order":"?"}]}');
  assert.ok(results.ready);
  const outcomes = results.orders.map((order) => decideOutcome(order));
  const canonical = '{"10":1,"2":0,"order":"accepted","power":2.1}';
  const sha256 = orderHash('{"power":21e-1, "2":0, "10":1, "order":"accepted"}');
  assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(outcomes, [
    { status: 'accepted', canonical, sha256, power: '2.1' },
    { status: 'rejected', message: 'the auction rejected `r`' },
    { status: 'malformed', code: 'unknown_status', message: 'the status `?` is neither `accepted` nor `rejected`' },
  ]);
  for (const order of [results.orders[0], canonical, Buffer.from(canonical), new Uint8Array(Buffer.from(canonical)).buffer]) {
    assert.deepEqual(decideOutcome(order), outcomes[0]);
    assert.equal(orderHash(order), sha256);
  }
  assert.throws(() => readResults('[]'), (error) => {
    assert.ok(error instanceof api.InvalidResultsError);
    return error.code === 'not_an_object' && error.message === "the platform's answer must be an object, not an array";
  });
  assert.throws(() => orderHash('{}'), (error) => {
    assert.ok(error instanceof api.MalformedOrderError);
    return error.code === 'missing_status' && error.name === 'MalformedOrderError';
  });
});

/** Returns the JSON of a run's summary. */
function summary(changed = {}) {
  const counts = { accepted: 2, rejected: 1, failed: 0, total_power: '0.1' };
  return JSON.stringify({ slot: '2026-11-22T07:05:00Z', run: 'arn', polls: 1, ...counts, rejections: [{ why: 'é' }], ...changed });
}

test('day is added up exactly', () => {
  const later = summary({ slot: '2026-11-22T07:10:00Z', accepted: 3, rejected: 0, total_power: '1e-20' });
  const totals = { runs: 2, orders: 6, accepted: 5, rejected: 1, failed: 0, acceptance_rate: 0.8333 };
  const text = '{"runs":2,"orders":6,"accepted":5,"rejected":1,"failed":0,"acceptance_rate":0.8333,"total_power":"0.10000000000000000001"}';
  assert.deepEqual(dayReport(new Set([summary(), Buffer.from(later)])), { ...totals, total_power: '0.10000000000000000001', text });
  assert.equal(dayReport([summary({ accepted: 1 }), summary({ accepted: 7 })]).accepted, 7);
  assert.match(dayReport([summary({ rejected: 0 })]).text, /"acceptance_rate":1\.0000,/);
  const { runs, orders, acceptance_rate: rate, total_power: power } = dayReport([]);
  assert.deepEqual([runs, orders, rate, power], [0, 0, null, '0']);
});

test('invalid summary is rejected with its index', () => {
  const texts = ['', '{', '{}', '7', 'null', '['.repeat(100_000), `\ufeff${summary()}`, '\ud800', '"\ud800"', 'NaN', Buffer.of(0xff)];
  const fields = [{ accepted: -1 }, { total_power: 0.1 }, { slot: '2026-11-22' }, { failed: '0' }].map(summary);
  const several = `${summary()},${summary({ slot: '2026-11-22T07:10:00Z' })}`;
  for (const invalid of [...texts, ...fields, several, Buffer.from(summary(), 'utf16le')]) {
    assert.throws(() => dayReport([summary(), invalid]), (error) => {
      assert.ok(error instanceof api.InvalidSummariesError);
      return error.code === 'not_a_summary' && error.message.startsWith('summary 1 ');
    }, String(invalid).slice(0, 20));
  }
  assert.throws(() => dayReport([7]), { name: 'TypeError' });
});

test('both packages have the same functions', () => {
  const python = readFileSync(new URL('../../python/src/gridbid/__init__.py', import.meta.url), 'utf8');
  const [, names] = /__all__ = \[([^\]]*)\]/.exec(python);
  const functions = [...names.matchAll(/"([a-z_]+)"/g)].map(([, name]) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()));
  // Python compiles ahead of time; TypeScript reads streams, which Python passes as bytes.
  const own = new Set(['precompile', 'validateOrderStream', 'parseOrderStream']);
  const exported = Object.keys(api).filter((name) => typeof api[name] === 'function' && /^[a-z]/.test(name));
  assert.deepEqual(exported.filter((name) => !own.has(name)).sort(), functions.filter((name) => !own.has(name)).sort());
});
