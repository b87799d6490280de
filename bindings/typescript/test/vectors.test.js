// The vectors in Node, the typed codes, and corrupted modules that must fail the vectors.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as api from '@gridbid/core';
import { withText } from './modules.js';
import { importWith } from './packages.js';
import { coreFile, moduleBytes, vectorFiles } from './repository.js';
import { runVectors } from './vectors.js';

const files = vectorFiles();
const cases = Object.values(files).flatMap(({ cases }) => cases);

const run = async (module) => runVectors(await importWith(module), files);

test('vectors pass', async () => {
  const { count, wrong } = await run(moduleBytes());
  assert.deepEqual(wrong, []);
  assert.equal(count, cases.length);
  assert.ok(count >= 150, `${count} vectors`);
});

for (const [what, text, replacement] of [
  ['a sentence', 'control characters are not allowed', 'control characters are now allowed'],
  ['a code', 'duplicate_record_id', 'duplicated_recordid'],
  ['a sentence about the auction', 'the auction rejected', 'the auction regrets_'],
]) {
  test(`vectors fail with a module in which ${what} differs`, async () => {
    const { wrong } = await run(withText(moduleBytes(), text, replacement));
    assert.notEqual(wrong.length, 0);
  });
}

test('typed codes equal those of core', () => {
  const quoted = (text) => [...text.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  const between = (text, start, end) => {
    const from = text.indexOf(start);
    assert.ok(from >= 0, start);
    return text.slice(from, text.indexOf(end, from));
  };
  const violations = between(coreFile('src/violation.rs'), '\ncodes! {', '\n}');
  assert.deepEqual(
    api.VIOLATION_CODES,
    [...violations.matchAll(/= "(\w+)"/g)].map(([, code]) => code),
  );
  const malformed = between(coreFile('src/outcome/malformed.rs'), 'const CODES', ';\n\nimpl');
  assert.deepEqual(api.MALFORMED_CODES, quoted(malformed));
  const answers = between(coreFile('src/outcome/results.rs'), "pub fn code(&self) -> &'static str", '\n    }\n');
  const unreadable = ['not_json', 'not_utf8', 'nested_too_deep'];
  assert.deepEqual(api.RESULTS_CODES, [...unreadable, ...quoted(answers)]);
});

test('vectors cover exactly the violation codes', () => {
  const covered = new Set(cases.flatMap(({ violations = [] }) => violations.map(({ code }) => code)));
  assert.deepEqual([...covered].sort(), [...api.VIOLATION_CODES].sort());
});
