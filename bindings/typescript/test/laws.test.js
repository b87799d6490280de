// What holds of every request, tried on many: texts mean what their bytes mean, laziness changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { InvalidOrdersError, parseOrders, parseOrderStream, validateOrders, validateOrderStream } from '@gridbid/core';
import { AMPLE, dice, mutated, orders } from './requests.js';

/** The bytes that a text stands for: UTF-8, in which half a surrogate pair keeps its three bytes. */
function bytesOf(text) {
  const parts = text.split(/([\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff])/);
  return Buffer.concat(
    parts.map((part, at) => {
      if (at % 2 === 0) return Buffer.from(part);
      const code = part.charCodeAt(0);
      return Buffer.of(0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    }),
  );
}

/** Requests of many kinds; a fixed seed makes them the same ones each time. */
function* requests(count) {
  const roll = dice(7);
  const texts = ['some text', 'данные', 'été', '😀 数据', 'ｆｕｌｌ'];
  let text = '';
  for (let round = 0; round < count; round += 1) {
    if (round % 4 === 0) text = JSON.stringify(orders(1 + roll(5), texts[roll(texts.length)]));
    yield text;
    text = mutated(text, roll);
  }
}

const told = (report) => JSON.stringify([report.valid, report.total, report.orders, report.violations]);

function parsed(input, options) {
  try {
    return parseOrders(input, options).toArray();
  } catch (error) {
    assert.ok(error instanceof InvalidOrdersError);
    return error.report;
  }
}

test('a text and its bytes are found to be the same', () => {
  let valid = 0;
  for (const text of requests(20_000)) {
    const bytes = bytesOf(text);
    const report = validateOrders(text);
    assert.equal(told(report), told(validateOrders(bytes)), text);
    const [ofText, ofBytes] = [parsed(text), parsed(bytes)];
    if (report.valid) {
      valid += 1;
      assert.deepEqual(ofText, ofBytes, text);
    } else {
      assert.equal(told(ofText), told(report), text);
      assert.equal(told(ofBytes), told(report), text);
    }
  }
  assert.ok(valid > 4_000 && valid < 16_000, `${valid} valid requests`);
});

test('violations that are read late are those that are read at once', () => {
  const inputs = [...requests(2_000)];
  const late = inputs.map((text, at) => validateOrders(at % 2 === 0 ? text : bytesOf(text)));
  const atOnce = inputs.map((text) => validateOrders(text)).map(told);
  assert.deepEqual(late.reverse().map(told), atOnce.reverse());
});

test('bytes that change later change nothing that was found', () => {
  const bytes = bytesOf(JSON.stringify([...orders(2, 'é'), { record_id: '!' }]));
  const good = bytesOf(JSON.stringify(orders(2, 'é')));
  const [report, expected] = [validateOrders(bytes), told(validateOrders(bytes))];
  const batch = parseOrders(good);
  bytes.fill(0);
  good.fill(0);
  validateOrders('[1]');
  assert.equal(told(report), expected);
  assert.equal(batch.at(-1).parameter_1, 'é 1');
});

test('orders are what JSON.parse makes of them, with exact amounts', () => {
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

test('what is listed is the beginning of all, and all are counted', () => {
  const text = JSON.stringify(Array(50).fill({ record_id: '', parameter_1: ' ', parameter_2: '1' }));
  const all = validateOrders(text, { limits: { listed: 1_000 } });
  for (const listed of [0, 1, 7, 149, 150]) {
    const report = validateOrders(text, { limits: { listed } });
    assert.equal(report.total, all.total);
    assert.deepEqual(report.violations, all.violations.slice(0, listed));
  }
});

test('a stream is found to be what its bytes are, however they are cut', async () => {
  const roll = dice(11);
  for (const text of requests(300)) {
    const bytes = bytesOf(text);
    const chunks = [];
    for (let at = 0; at < bytes.length; ) {
      const next = at + roll(40);
      chunks.push(bytes.subarray(at, next));
      at = next;
    }
    const whole = validateOrders(bytes, AMPLE);
    assert.equal(told(await validateOrderStream(chunks)), told(whole), text);
    if (whole.valid) assert.deepEqual((await parseOrderStream(chunks)).toArray(), parseOrders(bytes, AMPLE).toArray());
    else await assert.rejects(parseOrderStream(chunks), (error) => told(error.report) === told(whole));
  }
});
