// The packed tarball in ES modules, CommonJS, worker threads, esbuild bundles and type checks. `environments` has the others.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { runInPage } from './chromium.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'gridbid-consumers-'));
const run = (program, args, cwd = folder) => execFileSync(program, args, { cwd, encoding: 'utf8' });
let packed;

before(() => {
  const [{ filename, files }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root));
  packed = files.map(({ path }) => path).sort();
  writeFileSync(join(folder, 'package.json'), '{"name":"consumer","private":true}');
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const OUTPUT = 'true 2.1 duplicate_record_id accepted';
const USE = `
  const body = '[{"record_id":"a","parameter_1":"x","parameter_2":2.10}]';
  const { violations } = core.validateOrders(body.replace(']', ',' + body.slice(1)));
  console.log(core.validateOrders(body).valid, core.parseOrders(body).at(0).parameter_2, violations[0].code,
    core.decideOutcome('{"order":"accepted"}').status);
`;

test('tarball contains the needed files only', () => {
  const others = packed.filter((path) => !/^dist\/(cjs\/)?\w+\.(js|d\.ts)$/.test(path));
  assert.deepEqual(others, ['README.md', 'dist/cjs/package.json', 'dist/gridbid.wasm', 'package.json']);
});

test('ES module runs in Node', () => {
  writeFileSync(join(folder, 'esm.mjs'), `import * as core from '@gridbid/core';${USE}`);
  assert.equal(run(process.execPath, ['esm.mjs']), `${OUTPUT}\n`);
});

test('CommonJS runs in Node', () => {
  writeFileSync(join(folder, 'cjs.cjs'), `const core = require('@gridbid/core');${USE}`);
  assert.equal(run(process.execPath, ['cjs.cjs']), `${OUTPUT}\n`);
});

test('CommonJS and ES modules of one program share the package', () => {
  writeFileSync(
    join(folder, 'both.mjs'),
    `import { createRequire } from 'node:module';
     import * as core from '@gridbid/core';
     console.log(createRequire(import.meta.url)('@gridbid/core').CoreError === core.CoreError);`,
  );
  // An older Node cannot require ES modules, and has a second copy as CommonJS.
  assert.equal(run(process.execPath, ['both.mjs']), `${process.features.require_module === true}\n`);
});

test('worker threads run concurrently', () => {
  writeFileSync(
    join(folder, 'workers.mjs'),
    `import { Worker, isMainThread } from 'node:worker_threads';
     import * as core from '@gridbid/core';
     if (isMainThread) for (let worker = 0; worker < 3; worker += 1) new Worker(new URL(import.meta.url));
     for (let round = 0; round < 1_000; round += 1) core.validateOrders('[' + round + ']');
     ${USE}`,
  );
  assert.equal(run(process.execPath, ['workers.mjs']), `${OUTPUT}\n`.repeat(4));
});

test('esbuild bundle for Node runs in another folder', async () => {
  const bundle = join(folder, 'bundle', 'app.mjs');
  await build({ entryPoints: [join(folder, 'esm.mjs')], bundle: true, platform: 'node', format: 'esm', minify: true, outfile: bundle });
  const elsewhere = mkdtempSync(join(tmpdir(), 'gridbid-bundle-'));
  try {
    cpSync(join(folder, 'bundle'), elsewhere, { recursive: true });
    assert.equal(run(process.execPath, [join(elsewhere, 'app.mjs')], elsewhere), `${OUTPUT}\n`);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

test('esbuild bundle runs in a page', async () => {
  const entry = join(folder, 'page.mjs');
  writeFileSync(
    entry,
    `import * as core from '@gridbid/core';
     const lines = [];
     const console = { log: (...parts) => lines.push(parts.join(' ')) };
     ${USE}
     export const result = lines;`,
  );
  const options = { bundle: true, platform: 'browser', format: 'esm', target: 'es2022', minify: true, write: false };
  const { outputFiles } = await build({ ...options, entryPoints: [entry] });
  const result = await runInPage(outputFiles[0].text, {});
  assert.deepEqual(result, [OUTPUT]);
});

for (const [name, compilerOptions] of [
  ['Node', { module: 'nodenext', lib: ['es2022'] }],
  ['a bundler', { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'] }],
]) {
  test(`types compile in strict TypeScript for ${name}`, () => {
    const types = join(folder, `types-${compilerOptions.module}`);
    const inNode = compilerOptions.module === 'nodenext';
    mkdirSync(types);
    writeFileSync(
      join(types, 'use.mts'),
      `import { parseOrders, validateOrderStream, type Order, type Report } from '@gridbid/core';
       const orders: Order[] = parseOrders(new Uint8Array(2)).toArray();
       declare const chunks: ${inNode ? 'AsyncIterable<Uint8Array>' : 'ReadableStream<Uint8Array>'};
       export const report: Promise<Report> = validateOrderStream(chunks, { limits: { orders: orders.length } });`,
    );
    const options = { target: 'es2022', types: [], strict: true, skipLibCheck: false, noEmit: true, ...compilerOptions };
    writeFileSync(join(types, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['use.mts'] }));
    const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
    execFileSync(process.execPath, [compiler, '-p', types], { stdio: 'inherit' });
  });
}
