import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Document, readContent } from '../../src/check/document.ts';
import { Checker, type Port } from '../../src/check/checker.ts';
import type { FromWorker, Request, ToWorker } from '../../src/check/protocol.ts';

const valid = (count: number) =>
  `[${Array.from({ length: count }, (_, at) => `{"record_id":"id-${at}","parameter_1":"x","parameter_2":${at}.10}`).join(',\n')}]`;

test('more than one request of orders is checked, with places', () => {
  const document = new Document();
  document.replace(valid(1000), 1);
  const verdict = document.check(['id-7', 'absent']);
  assert.deepEqual([verdict.valid, verdict.orders, verdict.total], [true, 1000, 0]);
  assert.deepEqual(
    verdict.watched.map(({ recordId, line }) => [recordId, line]),
    [['id-7', 8]],
  );
});

test('all violations are listed by page, by range and by step', () => {
  const document = new Document();
  document.replace(
    `[\n${Array.from({ length: 500 }, (_, at) => `{"record_id":"id-${at}","parameter_1":"","parameter_2":1}`).join(',\n')}\n]`,
    1,
  );
  const verdict = document.check([]);
  assert.deepEqual([verdict.total, verdict.listed, verdict.violations.length], [500, 500, 100]);
  assert.equal(verdict.violations[0]?.line, 2);
  assert.deepEqual(
    document.list(1, 100, 2).map(({ index, line }) => [index, line]),
    [
      [100, 102],
      [101, 103],
    ],
  );
  assert.deepEqual(document.list(2, 100, 2), []);
  const [, , third] = verdict.violations;
  assert.deepEqual(
    document.within(1, third?.from ?? 0, third?.to ?? 0, 10).map(({ index }) => index),
    [2],
  );
  assert.equal(document.step(1, third?.from ?? 0, 1)?.index, 3);
  assert.equal(document.step(1, third?.from ?? 0, -1)?.index, 1);
  assert.equal(document.step(1, 0, -1)?.index, 499);
  assert.equal(document.step(1, 1_000_000, 1)?.index, 0);
});

test('a repeated record_id names the line of the first order', () => {
  const document = new Document();
  const order = '{"record_id":"a","parameter_1":"x","parameter_2":1}';
  document.replace(`[\n${order},\n${order}\n]`, 1);
  const [violation] = document.check([]).violations;
  assert.equal(violation?.line, 3);
  assert.equal(violation.message, '`record_id` is the same as that of the order at /0 (line 2)');
});

test('batches are cut from what was prepared, with exact amounts', () => {
  const document = new Document();
  document.replace(valid(250), 1);
  assert.equal(document.prepare(), 250);
  document.replace('[]', 2);
  const last = document.batch(2, 100);
  assert.equal(last.recordIds.length, 50);
  assert.equal(last.recordIds[0], 'id-200');
  assert.ok(last.body.startsWith('[{"record_id":"id-200","parameter_1":"x","parameter_2":200.1},'));
  assert.equal(document.batch(3, 100).recordIds.length, 0);
});

test('an invalid text cannot be prepared', () => {
  const document = new Document();
  document.replace('[{"record_id":"a"}]', 1);
  assert.throws(() => document.prepare(), /parameter_1/);
});

test('files are read as tables or JSON, and must be UTF-8', () => {
  const bytes = (text: string): ArrayBuffer => new Uint8Array(new TextEncoder().encode(text)).buffer;
  assert.deepEqual(readContent(bytes('record_id,parameter_1,parameter_2\r\na,x,2.10\r\n'), 'a.csv'), {
    text: '[\n  {"record_id": "a", "parameter_1": "x", "parameter_2": 2.10}\n]\n',
    table: true,
  });
  assert.deepEqual(readContent(bytes('[\r\n]'), 'a.json'), { text: '[\n]', table: false });
  assert.throws(() => readContent(new Uint8Array([0xff, 0xfe]).buffer, 'a.json'), /a\.json is not UTF-8 text/);
  assert.throws(() => readContent('1,2,3', 'a.csv'), /needs a header line/);
});

/** A port that records requests and answers on demand. */
function fakePort() {
  let receive: (message: FromWorker) => void = () => undefined;
  const sent: ToWorker[] = [];
  let die: (reason: string) => void = () => undefined;
  const port: Port = {
    post: (message) => sent.push(message),
    onMessage: (listener) => (receive = listener),
    onFailure: (listener) => (die = listener),
  };
  const fail = (request: Request | undefined, error: string) => receive({ id: request?.id ?? 0, error });
  const checks = () => sent.filter((message): message is Request => 'id' in message && message.method === 'check');
  const answer = (request: Request | undefined, version: number) =>
    receive({
      id: request?.id ?? 0,
      result: {
        version,
        valid: true,
        orders: 1,
        total: 0,
        listed: 0,
        violations: [],
        watched: [],
        duration: 1,
        bytes: 1,
      },
    });
  return { port, sent, checks, answer, fail, die: (reason: string) => die(reason) };
}

test('typing is checked once it pauses, and an outdated verdict is ignored', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { port, checks, answer } = fakePort();
  const checker = new Checker(port);
  for (const insert of ['[', '{', '}']) {
    checker.edit([{ from: 0, to: 0, insert }], 1);
    t.mock.timers.tick(50);
  }
  assert.equal(checks().length, 0);
  t.mock.timers.tick(200);
  assert.equal(checks().length, 1);
  checker.edit([{ from: 0, to: 0, insert: ' ' }], 2);
  answer(checks()[0], 3);
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(checker.state.value.kind, 'checking');
  t.mock.timers.tick(200);
  answer(checks()[1], 4);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(checker.state.value.kind, 'checked');
});

test('orders that are watched while a check runs are checked for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { port, checks, answer } = fakePort();
  const checker = new Checker(port);
  checker.edit([{ from: 0, to: 0, insert: '[]' }], 2);
  t.mock.timers.tick(200);
  checker.watch(['a']);
  answer(checks()[0], 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(checker.state.value.kind, 'checking');
  assert.deepEqual(checks()[1]?.parameters, { version: 1, watched: ['a'] });
  answer(checks()[1], 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(checker.state.value.kind, 'checked');
});

test('an empty text has no verdict', () => {
  const { port } = fakePort();
  const checker = new Checker(port);
  checker.replace('  ');
  assert.equal(checker.state.value.kind, 'empty');
});

test('a verdict is waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { port, checks, answer } = fakePort();
  const checker = new Checker(port);
  assert.equal(await checker.settle(), null);
  checker.replace('[]');
  const settled = checker.settle();
  t.mock.timers.tick(500);
  answer(checks()[0], 1);
  assert.equal((await settled)?.version, 1);
});

test('a check that fails does not end checking, a worker that fails does', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { port, checks, fail, die } = fakePort();
  const checker = new Checker(port);
  checker.replace('[]');
  t.mock.timers.tick(500);
  fail(checks()[0], 'no memory');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(checker.state.value, { kind: 'broken', message: 'no memory' });
  checker.replace('[ ]');
  assert.equal(checker.state.value.kind, 'checking');
  die('gone');
  assert.deepEqual(checker.state.value, { kind: 'broken', message: 'gone' });
  checker.replace('[]');
  assert.deepEqual(checker.state.value, { kind: 'broken', message: 'gone' });
  assert.deepEqual(await checker.list(0, 10), []);
});
