import assert from 'node:assert/strict';
import { test } from 'node:test';

import { validateOrders } from '@gridbid/core';

import { detectTable, tableToJson, TableError } from '../../src/orders/csv.ts';

const HEADER = 'record_id,parameter_1,parameter_2\n';
const amounts = (json: string): string[] =>
  [...json.matchAll(/"parameter_2": ([^}]*)\}/g)].map(([, amount = '']) => amount);

test('amounts keep every digit as written', () => {
  const written = [
    '2.10',
    '1e2',
    '-0.0',
    '1234567890123456789.0123456789012345678',
    '9.9999999999999999999999999999999999999E+125',
    '1e-130',
  ];
  const json = tableToJson(HEADER + written.map((amount, at) => `id-${at},x,${amount}`).join('\n'));
  assert.deepEqual(amounts(json), written);
  assert.equal(validateOrders(json).valid, true);
});

test('an amount that is not a JSON number becomes a string, which the rules report', () => {
  for (const amount of ['+4', '.5', '5.', '04', '1_000', 'abc', 'NaN', '0x10']) {
    const json = tableToJson(`${HEADER}a,x,${amount}`);
    assert.deepEqual(
      validateOrders(json).violations.map(({ code }) => code),
      ['wrong_type'],
      amount,
    );
  }
});

test('an empty amount is reported as missing', () => {
  const { violations } = validateOrders(tableToJson(`${HEADER}a,x,`));
  assert.deepEqual(
    violations.map(({ field, code }) => [field, code]),
    [['/0/parameter_2', 'missing_field']],
  );
});

test('quoted fields may hold quotes, delimiters and line breaks', () => {
  const json = tableToJson(`${HEADER}"a","he said ""no"", twice",1\r\nb,"x\ny",2\r\n`);
  assert.deepEqual(JSON.parse(json), [
    { record_id: 'a', parameter_1: 'he said "no", twice', parameter_2: 1 },
    { record_id: 'b', parameter_1: 'x\ny', parameter_2: 2 },
  ]);
});

test('the columns may come in any order, and an unknown one becomes an unknown field', () => {
  const json = tableToJson('parameter_2,price,record_id,parameter_1\n2.10,7,a,x\n');
  assert.equal(json, '[\n  {"parameter_2": 2.10, "price": "7", "record_id": "a", "parameter_1": "x"}\n]\n');
  assert.deepEqual(
    validateOrders(json).violations.map(({ code }) => code),
    ['unknown_field'],
  );
});

test('semicolons, tabs and a byte order mark are recognized', () => {
  assert.equal(detectTable('record_id;parameter_1;parameter_2\r\na;x;1'), ';');
  assert.equal(detectTable('record_id\tparameter_1\tparameter_2\na\tx\t1'), '\t');
  assert.equal(detectTable('\ufeff"record_id","parameter_1","parameter_2"\n'), ',');
  assert.deepEqual(JSON.parse(tableToJson('\ufeffrecord_id;parameter_1;parameter_2\r\na;x,y;1')), [
    { record_id: 'a', parameter_1: 'x,y', parameter_2: 1 },
  ]);
});

test('JSON is not taken for a table', () => {
  for (const text of [
    '',
    '[]',
    '[{"record_id": "a", "parameter_1": "x", "parameter_2": 1}]',
    '[\n{"record_id": "a"}, 1]',
    'a,b,c\n1,2,3',
  ]) {
    assert.equal(detectTable(text), null, text);
  }
});

test('blank lines are skipped, and a header alone has no orders', () => {
  assert.equal(tableToJson(HEADER), '[]\n');
  assert.deepEqual(JSON.parse(tableToJson(`${HEADER}\n\na,x,1\n\n`)), [
    { record_id: 'a', parameter_1: 'x', parameter_2: 1 },
  ]);
});

test('a table that cannot be read names the line', () => {
  const fails = (text: string, message: RegExp) =>
    assert.throws(
      () => tableToJson(HEADER + text),
      (error) => error instanceof TableError && message.test(error.message),
    );
  fails('a,x,1\nb,x,1,2', /^line 3 has 4 fields, the header has 3$/);
  fails('a,"x,1\nb,x,1', /^line 2: a quoted field has no closing quote$/);
  fails('"a\nb","x"y,1', /^line 3: a quoted field must be followed by/);
});

test('every text of a table comes out as it went in', () => {
  for (const value of ['"', '""', ',', '\\', '\u0000', '😀', "'", 'a\r\nb', ' x ', '\u2028']) {
    const [order] = JSON.parse(tableToJson(`${HEADER}a,"${value.replaceAll('"', '""')}",1`)) as [
      { parameter_1: string },
    ];
    assert.equal(order.parameter_1, value);
  }
});
