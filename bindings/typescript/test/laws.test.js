// Properties of all requests, on many random ones: text and its bytes are equivalent, laziness changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { InvalidOrdersError, parseOrders, parseOrderStream, validateOrders, validateOrderStream } from '@gridbid/core';
import { AMPLE, dice, mutate, orders } from './requests.js';

/** Encodes text as UTF-8 in which a lone surrogate has its three bytes. */
function encode(text) {
  const parts = text.split(/([\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff])/);
  return Buffer.concat(
    parts.map((part, at) => {
      if (at % 2 === 0) return Buffer.from(part);
      const code = part.charCodeAt(0);
      return Buffer.of(0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    }),
  );
}

/** Yields mutated requests, the same ones each time. */
function* requests(count) {
  const roll = dice(7);
  const texts = ['some text', 'данные', 'été', '😀 数据', 'ｆｕｌｌ'];
  let text = '';
  for (let round = 0; round < count; round += 1) {
    if (round % 4 === 0) text = JSON.stringify(orders(1 + roll(5), texts[roll(texts.length)]));
    yield text;
    text = mutate(text, roll);
  }
}

const summarize = (report) => JSON.stringify([report.valid, report.total, report.orders, report.violations]);

function tryParse(input, options) {
  try {
    return parseOrders(input, options).toArray();
  } catch (error) {
    assert.ok(error instanceof InvalidOrdersError);
    return error.report;
  }
}

test('text and its bytes give the same result', () => {
  let valid = 0;
  for (const text of requests(20_000)) {
    const bytes = encode(text);
    const report = validateOrders(text);
    assert.equal(summarize(report), summarize(validateOrders(bytes)), text);
    const [fromText, fromBytes] = [tryParse(text), tryParse(bytes)];
    if (report.valid) {
      valid += 1;
      assert.deepEqual(fromText, fromBytes, text);
    } else {
      assert.equal(summarize(fromText), summarize(report), text);
      assert.equal(summarize(fromBytes), summarize(report), text);
    }
  }
  assert.ok(valid > 4_000 && valid < 16_000, `${valid} valid requests`);
});

test('violations read late equal those read at once', () => {
  const inputs = [...requests(2_000)];
  const late = inputs.map((text, at) => validateOrders(at % 2 === 0 ? text : encode(text)));
  const atOnce = inputs.map((text) => validateOrders(text)).map(summarize);
  assert.deepEqual(late.reverse().map(summarize), atOnce.reverse());
});

test('changing the input afterwards does not change results', () => {
  const bytes = encode(JSON.stringify([...orders(2, 'é'), { record_id: '!' }]));
  const good = encode(JSON.stringify(orders(2, 'é')));
  const [report, expected] = [validateOrders(bytes), summarize(validateOrders(bytes))];
  const batch = parseOrders(good);
  bytes.fill(0);
  good.fill(0);
  validateOrders('[1]');
  assert.equal(summarize(report), expected);
  assert.equal(batch.at(-1).parameter_1, 'é 1');
});

test('orders equal those of JSON.parse, with exact amounts', () => {
  for (const text of ['plain', 'данные', 'quote " and \\ and \u2028', '😀', 'a/b']) {
    for (const count of [1, 100, 3_000]) {
      const given = orders(count, text);
      const expected = given.map((order) => ({ ...order, parameter_2: String(order.parameter_2) }));
      const batch = parseOrders(JSON.stringify(given), AMPLE);
      assert.deepEqual([...batch], expected);
      assert.deepEqual(batch.toArray(), expected);
      assert.deepEqual(batch.column('parameter_1'), expected.map((order) => order.parameter_1));
      assert.deepEqual(JSON.parse(JSON.stringify(batch)), expected);
    }
  }
});

test('listed violations are the first ones, and all are counted', () => {
  const text = JSON.stringify(Array(50).fill({ record_id: '', parameter_1: ' ', parameter_2: '1' }));
  const all = validateOrders(text, { limits: { listed: 1_000 } });
  for (const listed of [0, 1, 7, 149, 150]) {
    const report = validateOrders(text, { limits: { listed } });
    assert.equal(report.total, all.total);
    assert.deepEqual(report.violations, all.violations.slice(0, listed));
  }
});

test('stream gives the same result as its bytes, however they are cut', async () => {
  const roll = dice(11);
  for (const text of requests(300)) {
    const bytes = encode(text);
    const chunks = [];
    for (let at = 0; at < bytes.length; ) {
      const next = at + roll(40);
      chunks.push(bytes.subarray(at, next));
      at = next;
    }
    const whole = validateOrders(bytes, AMPLE);
    assert.equal(summarize(await validateOrderStream(chunks)), summarize(whole), text);
    if (whole.valid) assert.deepEqual((await parseOrderStream(chunks)).toArray(), parseOrders(bytes, AMPLE).toArray());
    else await assert.rejects(parseOrderStream(chunks), (error) => summarize(error.report) === summarize(whole));
  }
});
