// The built package in a real browser, without a bundler: every vector, and a corrupted module that must fail them.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { runInPage } from './chromium.js';
import { withText } from './modules.js';
import { embeddedWith } from './packages.js';
import { moduleBytes, vectorFiles } from './repository.js';

const dist = new URL('../dist/', import.meta.url);
const files = vectorFiles();
const count = Object.values(files).reduce((count, { cases }) => count + cases.length, 0);
const js = (body) => ({ type: 'text/javascript', body });

/** Returns the files of the page: the unbundled package with this module, the vectors and their runner. */
function pageFiles(module) {
  const scripts = readdirSync(dist).filter((name) => name.endsWith('.js'));
  return {
    ...Object.fromEntries(scripts.map((name) => [`/core/${name}`, js(readFileSync(new URL(name, dist)))])),
    '/core/embedded.js': js(embeddedWith(module)),
    '/vectors.js': js(readFileSync(new URL('vectors.js', import.meta.url))),
    '/vectors.json': { type: 'application/json', body: JSON.stringify(files) },
  };
}

const VECTORS = `
  import * as api from '@gridbid/core';
  import { runVectors } from '/vectors.js';
  export const result = runVectors(api, await (await fetch('/vectors.json')).json());
`;
const imports = { '@gridbid/core': '/core/index.js', '@gridbid/core/init': '/core/init.js' };

test('vectors pass in the browser', async () => {
  const { wrong, count: run } = await runInPage(VECTORS, pageFiles(moduleBytes()), imports);
  assert.deepEqual(wrong, []);
  assert.equal(run, count);
});

test('vectors fail in the browser with a corrupted module', async () => {
  const broken = withText(moduleBytes(), 'control characters are not allowed', 'control characters are now allowed');
  const { wrong } = await runInPage(VECTORS, pageFiles(broken), imports);
  assert.notEqual(wrong.length, 0);
});

test('page survives hostile input', async () => {
  const script = `
    import { CoreError, decideOutcome, parseOrderStream, validateOrders, validateOrderStream } from '@gridbid/core';
    const first = (input, limits) => validateOrders(input, limits && { limits }).violations[0].code;
    const huge = { orders: 10, bytes: 1_000_000_000 };
    const good = '[{"record_id":"a","parameter_1":"\\u0434","parameter_2":2.10}]';
    export const result = [
      first('x'.repeat(6_000_000)),
      first('x'.repeat(6_000_000), huge),
      first(new Uint8Array(6_000_000).fill(255), huge),
      first('[{"record_id":"\\ud800'),
      first('['.repeat(10_000)),
      first('\\0'),
      first('[{"record_id":"a","parameter_1":"x","parameter_2":' + '9'.repeat(100_000_000) + '}]', huge),
      (await validateOrderStream(new Blob([good]).stream())).valid,
      (await parseOrderStream(new Response(good).body)).at(0).parameter_2,
      (await parseOrderStream({ getReader: () => new Blob([good]).stream().getReader() })).at(0).parameter_1,
      decideOutcome('{"order":"accepted","power":2.10}').power,
    ];
  `;
  const result = await runInPage(script, pageFiles(moduleBytes()), imports);
  assert.deepEqual(result, [
    'body_too_large',
    'not_json',
    'not_utf8',
    'not_utf8',
    'nested_too_deep',
    'not_json',
    'too_precise',
    true,
    '2.1',
    'д',
    '2.1',
  ]);
});

test('page that fetches the module can call it, whatever media type its server sends', async () => {
  const script = `
    import { initialize, validateOrders } from '@gridbid/core/init';
    const before = (() => { try { validateOrders('[]'); } catch (error) { return error.message; } })();
    await initialize(fetch('/gridbid.wasm'));
    export const result = [before, validateOrders('[]').total];
  `;
  for (const type of ['application/wasm', 'application/wasm; charset=utf-8', 'application/octet-stream', 'text/html']) {
    const served = { ...pageFiles(moduleBytes()), '/gridbid.wasm': { type, body: moduleBytes() } };
    const [before, total] = await runInPage(script, served, imports);
    assert.match(before, /^core has no module: import `@gridbid\/core`/);
    assert.equal(total, 1, type);
  }
});

test('missing module fails to initialize', async () => {
  const script = `
    import { initialize } from '@gridbid/core/init';
    await initialize(fetch('/gridbid.wasm'));
    export const result = undefined;
  `;
  await assert.rejects(runInPage(script, pageFiles(moduleBytes()), imports), /the page failed: (TypeError|CompileError)/);
});
