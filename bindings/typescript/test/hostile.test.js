// Hostile input is rejected in bounded time and memory, and the package works afterwards.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { afterEach, test } from 'node:test';

import { CoreError, decideOutcome, orderHash, parseOrders, readResults, validateOrders, validateOrderStream } from '@gridbid/core';
import { initialPages, withMemory } from './modules.js';
import { importWith } from './packages.js';
import { moduleBytes } from './repository.js';
import { AMPLE, orders } from './requests.js';

const VALID = JSON.stringify(orders(3));
/** Milliseconds: far above what any of these takes, far below what quadratic time would. */
const MAX_MS = 5_000;

/** Asserts one violation of the whole request, in bounded time, and returns its message. */
function assertRejected(input, code, options) {
  const began = performance.now();
  const report = validateOrders(input, options);
  const { total, violations } = report;
  assert.deepEqual([total, violations.length, violations[0].index, violations[0].code], [1, 1, null, code]);
  assert.throws(() => parseOrders(input, options), { name: 'InvalidOrdersError', message: violations[0].message });
  const took = performance.now() - began;
  assert.ok(took < MAX_MS, `${took} ms`);
  return violations[0].message;
}

afterEach(() => {
  assert.equal(validateOrders(VALID).valid, true);
  assert.equal(parseOrders(VALID).length, 3);
  assert.equal(decideOutcome('{"order":"accepted"}').status, 'accepted');
});

test('6 MB of garbage is rejected', () => {
  const bytes = Buffer.alloc(6_000_000);
  for (let at = 0, state = 1; at < bytes.length; at += 1) bytes[at] = state = (state * 1_103_515_245 + 12_345) >>> 0;
  for (const input of [bytes, bytes.toString('latin1'), 'x'.repeat(6_000_000), '\u{1f600}'.repeat(1_500_000)]) {
    const size = typeof input === 'string' ? Buffer.byteLength(input) : input.length;
    assert.equal(assertRejected(input, 'body_too_large'), `${size} bytes are too many for one request: at most 262144`);
  }
  assertRejected(bytes, 'not_utf8', AMPLE);
  assertRejected(bytes.toString('latin1'), 'not_json', AMPLE);
  assert.throws(() => readResults(bytes), { name: 'InvalidResultsError', code: 'results_too_large' });
  assert.equal(decideOutcome(bytes).status, 'malformed');
  assert.throws(() => orderHash(bytes), { name: 'MalformedOrderError', code: 'not_json' });
});

test('lone surrogate is not_utf8 in strings and in bytes', () => {
  for (const [half, hex] of [
    ['\ud800', 'eda080'],
    ['\udbff', 'edafbf'],
    ['\udc00', 'edb080'],
    ['\udfff', 'edbfbf'],
    ['\ude00\ud83d', 'edb880eda0bd'],
  ]) {
    for (const before of ['', 'é', '😀', '\ufffd', 'x'.repeat(1_000)]) {
      const [start, end] = [`[{"record_id":"a","parameter_1":"${before}`, '","parameter_2":1}]'];
      const message = assertRejected(start + half + end, 'not_utf8');
      assert.equal(message, `not UTF-8 at byte ${Buffer.byteLength(start)}`);
      assert.equal(assertRejected(Buffer.concat([Buffer.from(start), Buffer.from(hex, 'hex'), Buffer.from(end)]), 'not_utf8'), message);
    }
  }
  assert.equal(assertRejected('\ud800', 'not_utf8'), 'not UTF-8 at byte 0');
  assert.throws(() => readResults('{"results":false,"x":"\ud800"}'), { code: 'not_utf8' });
  assert.equal(decideOutcome('{"order":"accepted","x":"\ud800"}').code, 'not_json');
});

test('replacement character in the input is valid', () => {
  for (const text of ['\ufffd', '\uf8ff\uffee', 'x'.repeat(600) + '\ufffd']) {
    const body = JSON.stringify([{ record_id: 'a', parameter_1: text.slice(0, 256), parameter_2: 1 }]);
    assert.equal(validateOrders(body).valid, true);
  }
});

test('NUL is rejected', () => {
  assertRejected('\0', 'not_json');
  assertRejected(`${VALID}\0`, 'not_json');
  assertRejected('[{"record_id":"a\0","parameter_1":"x","parameter_2":1}]', 'not_json');
  const { violations } = validateOrders('[{"record_id":"a\\u0000","parameter_1":"\\u0000","parameter_2":1}]');
  assert.deepEqual(violations.map(({ code }) => code), ['invalid_characters', 'invalid_characters']);
});

test('100 MB number is rejected', () => {
  const number = '9'.repeat(100_000_000);
  const body = `[{"record_id":"a","parameter_1":"x","parameter_2":${number}}]`;
  assertRejected(body, 'body_too_large');
  assertRejected(Buffer.from(body), 'body_too_large');
  const { total, violations } = validateOrders(body, AMPLE);
  assert.equal(total, 2);
  assert.deepEqual(violations.map(({ code }) => code), ['too_precise', 'out_of_range']);
  assert.equal(decideOutcome(`{"order":"accepted","power":${number}}`).code, 'too_precise');
});

test('nesting of 10,000 levels is rejected', () => {
  for (const [open, close] of [['[', ']'], ['{"a":', '}'], ['[', '']]) {
    const deep = open.repeat(10_000) + close.repeat(10_000);
    assertRejected(deep, 'nested_too_deep');
    assertRejected(deep, 'nested_too_deep', { limits: { depth: 255 } });
  }
});

test('nesting of 10,000 levels makes one order malformed, and any other place the whole answer', () => {
  const deep = '['.repeat(10_000) + ']'.repeat(10_000);
  const results = readResults(`{"results":true,"orders":[{"order":"accepted"},{"order":"accepted","x":${deep}}]}`);
  assert.equal(JSON.parse(results.orders[1]).malformed.code, 'nested_too_deep');
  assert.equal(decideOutcome(`{"order":"accepted","x":${deep}}`).code, 'nested_too_deep');
  assert.throws(() => readResults(`{"results":true,"orders":[],"x":${deep}}`), { code: 'nested_too_deep' });
  assert.throws(() => readResults(`{"results":true,"orders":${'['.repeat(10_000)}`), { code: 'not_json' });
});

test('endless stream is closed at the limit', async () => {
  let chunks = 0;
  let isClosed = false;
  const unending = {
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          chunks += 1;
          yield Buffer.alloc(1_000, ' ');
        }
      } finally {
        isClosed = true;
      }
    },
  };
  const report = await validateOrderStream(unending, { limits: { bytes: 10_500 } });
  assert.deepEqual([report.violations[0].code, chunks, isClosed], ['body_too_large', 11, true]);
  assert.equal(report.violations[0].message, '11000 bytes are too many for one request: at most 10500');
});

test('module without memory throws CoreError and recovers', async (t) => {
  const own = moduleBytes();
  const { Instance } = WebAssembly;
  let instances = 0;
  WebAssembly.Instance = function (...given) {
    instances += 1;
    return new Instance(...given);
  };
  t.after(() => {
    WebAssembly.Instance = Instance;
  });
  const small = await importWith(withMemory(own, initialPages(own) + 24));
  const { CoreError, decideOutcome, parseOrders, parseOrderStream, validateOrders } = small;
  const huge = 'x'.repeat(3_000_000);
  const many = JSON.stringify(orders(13_000));
  for (const call of [() => validateOrders(huge, AMPLE), () => validateOrders(Buffer.from(huge), AMPLE), () => decideOutcome(huge)]) {
    assert.throws(call, { name: 'CoreError', message: 'not enough memory for an input of 3000000 bytes' });
    assert.equal(validateOrders(VALID).valid, true);
  }
  assert.equal(instances, 1);
  // The input fits, but core's data about it does not: the module traps.
  for (const call of [() => validateOrders(many, AMPLE), () => parseOrders(many, AMPLE)]) {
    for (let round = 0; round < 3; round += 1) {
      assert.throws(call, (error) => error instanceof CoreError && error.cause instanceof WebAssembly.RuntimeError);
      assert.equal(validateOrders(VALID).valid, true);
      assert.equal(parseOrders(VALID).at(2)?.parameter_2, '2.5');
    }
  }
  assert.equal(instances, 1 + 6);
  // A stream keeps its chunks outside of the instance, which a trap replaces.
  async function* trapping() {
    for (const byte of Buffer.from(VALID)) {
      validateOrders(VALID);
      assert.throws(() => validateOrders(many, AMPLE), CoreError);
      yield Buffer.of(byte);
    }
  }
  assert.equal((await parseOrderStream(trapping())).at(2)?.parameter_2, '2.5');
});

test('stack overflow does no lasting harm', () => {
  let [tries, inner] = [0, undefined];
  const deeper = () => {
    try {
      deeper();
    } catch {
      tries += 1;
      try {
        validateOrders(VALID);
      } catch (error) {
        inner = error;
      }
    }
  };
  deeper();
  assert.ok(tries > 0);
  assert.ok(inner === undefined || inner instanceof CoreError || inner instanceof RangeError);
  assert.equal(validateOrders(VALID).valid, true);
});

test('memory of a huge input is freed', () => {
  const script = `
    const { validateOrders } = await import('@gridbid/core');
    const huge = { limits: { bytes: 1_000_000_000 } };
    validateOrders('[]');
    const resident = () => { gc(); gc(); return process.memoryUsage().rss / 1e6; };
    await new Promise((done) => setTimeout(done, 50));
    const before = resident();
    let most = 0;
    for (let round = 0; round < 6; round += 1) {
      validateOrders(Buffer.alloc(150_000_000, 32), huge);
      most = Math.max(most, process.memoryUsage().rss / 1e6);
      resident();
    }
    await new Promise((done) => setTimeout(done, 50));
    process.stdout.write(JSON.stringify({ before, most, after: resident() }));
  `;
  const out = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '--eval', script], {
    cwd: import.meta.dirname ?? new URL('.', import.meta.url),
  });
  const { before, most, after } = JSON.parse(out);
  assert.ok(most > before + 200, `${most} MB at the most`);
  assert.ok(after < before + 100, `${before} MB before, ${after} MB after`);
});
