import assert from 'node:assert/strict';
import { test } from 'node:test';

import { validateOrders } from '@gridbid/core';

import { eachElement } from '../../src/orders/json-scan.ts';
import { locateViolations, findRecordIds, Lines, offsetOfByte } from '../../src/orders/places.ts';
import { applyEdits, breakLongLines } from '../../src/orders/text.ts';

/** What is underlined for each violation. */
function underlined(text: string): [string, string][] {
  const { violations } = validateOrders(text);
  return locateViolations(text, violations).map(({ from, to }, at) => [violations[at]?.code ?? '', text.slice(from, to)]);
}

test('a wrong value is underlined at the value', () => {
  assert.deepEqual(underlined('[{"record_id":"a","parameter_1":"","parameter_2":"2.1"}]'), [
    ['empty', '""'],
    ['wrong_type', '"2.1"'],
  ]);
});

test('a repeated record_id knows where the first order with it begins', () => {
  const order = (id: string) => `{"record_id":"${id}","parameter_1":"x","parameter_2":1}`;
  const text = `[${order('a')},\n${order('b')},\n${order('c')},\n${order('b')},\n${order('b')}]`;
  const places = locateViolations(text, validateOrders(text).violations);
  assert.deepEqual(
    places.map(({ first }) => first),
    [text.indexOf('{"record_id":"b"'), text.indexOf('{"record_id":"b"')],
  );
});

test('an unknown field is underlined at its key, each time it is given', () => {
  const text = '[{"record_id":"a","parameter_1":"x","parameter_2":1,"x":{"record_id":[1,"]"]},"x" : 2}]';
  const places = locateViolations(text, validateOrders(text).violations);
  assert.deepEqual(
    places.map(({ from }) => from),
    [text.indexOf('"x":{'), text.indexOf('"x" :')],
  );
});

test('a field that is given again is underlined where it is given again', () => {
  const text = '[{"record_id":"a","record_id":"b","\\u0072ecord_id":"c","parameter_1":"x","parameter_2":1}]';
  assert.deepEqual(underlined(text), [
    ['duplicate_field', '"record_id"'],
    ['duplicate_field', '"\\u0072ecord_id"'],
  ]);
  assert.equal(locateViolations(text, validateOrders(text).violations)[0]?.from, text.indexOf('"record_id":"b"'));
});

test('a missing field is underlined at the first line of its order', () => {
  assert.deepEqual(underlined('[\n  {"record_id": "a",\n   "parameter_1": "x"}\n]'), [
    ['missing_field', '{"record_id": "a",'],
  ]);
});

test('an order that is not an object is underlined whole', () => {
  assert.deepEqual(underlined('[null, [1, 2], "x"]'), [
    ['not_an_object', 'null'],
    ['not_an_object', '[1, 2]'],
    ['not_an_object', '"x"'],
  ]);
});

test('keys with escapes, slashes and half surrogate pairs are found', () => {
  const text = '[{"record_id":"a","parameter_1":"x","parameter_2":1,"a/b~c":1,"\\ud800":1,"q\\"":1,"":1}]';
  assert.deepEqual(
    underlined(text).map(([, part]) => part),
    ['"a/b~c"', '"\\ud800"', '"q\\""', '""'],
  );
});

test('a duplicate is underlined at the later order', () => {
  const text =
    '[{"record_id":"a","parameter_1":"x","parameter_2":1},\n{"parameter_1":"}],{","record_id":"a","parameter_2":1}]';
  const [place] = locateViolations(text, validateOrders(text).violations);
  assert.equal(place?.from, text.lastIndexOf('"a"'));
});

test('a syntax error is underlined at the character that the message names', () => {
  const at = (text: string) => locateViolations(text, validateOrders(text).violations)[0];
  assert.deepEqual(at('[{"record_id":"ä€😀" x}]'), { from: 21, to: 22 });
  // At the end of the text there is no character: the last one stands for it.
  assert.deepEqual(at('[{"record_id":"a"  \n'), { from: 16, to: 17 });
  assert.deepEqual(at(`[{"x":${'['.repeat(40)}`), { from: 36, to: 37 });
});

test('a request that is not an array is underlined at its first line', () => {
  assert.deepEqual(underlined('  {"record_id": 1,\n"a": 2}'), [['not_an_array', '{"record_id": 1,']]);
  assert.deepEqual(underlined('[]'), [['empty_batch', '[]']]);
});

test('every place of a vector lies in its text', () => {
  for (const text of [
    '',
    ' ',
    '[',
    '[{',
    '[{"a',
    '[{"a"',
    '[{"a":',
    '[{"a":1',
    '[{"a":1,',
    ']',
    '}',
    '[}',
    '[,]',
    '[1,]',
    '[1 2]',
    '"',
    '[{"a" 1}]',
    '[[[',
  ]) {
    for (const { from, to } of locateViolations(text, validateOrders(text).violations)) {
      assert.ok(from >= 0 && from <= to && to <= text.length, `${text}: ${from}..${to}`);
    }
    eachElement(text, () => true);
  }
});

test('byte offsets become UTF-16 offsets', () => {
  const text = 'aä€😀b';
  assert.deepEqual(
    [0, 1, 3, 6, 10, 11, 99].map((byte) => offsetOfByte(text, byte)),
    [0, 1, 2, 3, 5, 6, 6],
  );
});

test('lines are counted from 1', () => {
  const lines = new Lines('a\nb\n\nc');
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((at) => lines.at(at)),
    [1, 1, 2, 2, 3, 4, 4],
  );
});

test('orders are found by their ids', () => {
  const text = '[{"record_id":"a"},{"x":1,"record_id":"\\u0062"},{"record_id":"a"}]';
  const found = findRecordIds(text, new Set(['a', 'b', 'c']));
  assert.deepEqual(
    [...found].map(([id, { from, to }]) => [id, text.slice(from, to), from]),
    [
      ['a', '"a"', 14],
      ['b', '"\\u0062"', text.indexOf('"\\u0062"')],
    ],
  );
});

test('the place of the last of 100,000 orders is found quickly', () => {
  const orders = Array.from(
    { length: 100_000 },
    (_, at) => `{"record_id":"bid-${at}","parameter_1":"x","parameter_2":${at === 99_999 ? '"1"' : at}}`,
  );
  const text = `[${orders.join(',\n')}]`;
  const limits = { orders: 200_000, bytes: 100_000_000 };
  const { violations } = validateOrders(text, { limits });
  const start = performance.now();
  const [place] = locateViolations(text, violations);
  assert.ok(performance.now() - start < 1000);
  assert.equal(text.slice(place?.from, place?.to), '"1"');
});

test('edits of one update refer to the text before it', () => {
  assert.equal(
    applyEdits('abcdef', [
      { from: 1, to: 2, insert: 'XX' },
      { from: 4, to: 4, insert: '-' },
      { from: 5, to: 6, insert: '' },
    ]),
    'aXXcd-e',
  );
});

test('long lines are broken between orders, and nothing else changes', () => {
  const orders = Array.from({ length: 200 }, (_, at) => ({
    record_id: `a ]},{ ${at}`,
    parameter_1: 'x "y" \\',
    parameter_2: at,
  }));
  const text = JSON.stringify(orders);
  const broken = breakLongLines(text);
  assert.equal(broken.split('\n').length, 202);
  assert.deepEqual(JSON.parse(broken), orders);
  assert.equal(broken.replaceAll(/\n {0,2}/g, ''), text);
  for (const short of ['[]', text.slice(0, 100), '{"a":1}', `{"a":"${'x'.repeat(9000)}"}`])
    assert.equal(breakLongLines(short), short);
  const unfinished = text.slice(0, -1);
  assert.equal(breakLongLines(unfinished).replaceAll(/\n {0,2}/g, ''), unfinished);
});
