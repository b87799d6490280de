// Node: ES modules and CommonJS, and the other server-side runtimes.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { EXPECTED, makeConsumer, run, runTool } from './consumer.js';

const MAIN = "import { use } from './use.mjs';\nconsole.log(use());\n";

test('Node, ES module', () => {
  const folder = makeConsumer('node-esm', { 'main.mjs': MAIN });
  assert.equal(run(process.execPath, ['main.mjs'], folder), `${EXPECTED}\n`);
});

test('Node, require of the ES module', () => {
  const main = "console.log(require('./use.cjs').use(), require.resolve('@gridbid/core'));\n";
  const folder = makeConsumer('node-require-esm', { 'main.cjs': main });
  const file = join(folder, 'node_modules/@gridbid/core/dist/index.js');
  assert.equal(run(process.execPath, ['main.cjs'], folder), `${EXPECTED} ${file}\n`);
});

test('Node, CommonJS', () => {
  const main = "console.log(require('./use.cjs').use(), require.resolve('@gridbid/core'));\n";
  const folder = makeConsumer('node-cjs', { 'main.cjs': main });
  const file = join(folder, 'node_modules/@gridbid/core/dist/cjs/index.js');
  // As Node before 20.19, which cannot require ES modules.
  assert.equal(run(process.execPath, ['--no-experimental-require-module', 'main.cjs'], folder), `${EXPECTED} ${file}\n`);
});

test('Node, the entry without the module', () => {
  const main = `
    import { readFile } from 'node:fs/promises';
    import { fileURLToPath } from 'node:url';
    import { initialize, validateOrders } from '@gridbid/core/init';
    await initialize(readFile(fileURLToPath(import.meta.resolve('@gridbid/core/gridbid.wasm'))));
    console.log(validateOrders('[]').total);
  `;
  assert.equal(run(process.execPath, ['main.mjs'], makeConsumer('node-init', { 'main.mjs': main })), '1\n');
});

test('Node, a read-only folder without a home', () => {
  const folder = makeConsumer('node-read-only', { 'main.mjs': MAIN });
  const permission = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
  assert.equal(run(process.execPath, [permission, `--allow-fs-read=${folder}/*`, 'main.mjs'], folder, { HOME: '/nonexistent' }), `${EXPECTED}\n`);
});

test('Deno', () => {
  const folder = makeConsumer('deno', { 'main.mjs': MAIN });
  const environment = { DENO_DIR: join(folder, '.deno'), DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };
  const args = ['run', '--no-lock', '--no-remote', '--no-prompt', 'main.mjs'];
  assert.equal(runTool('deno/bin.cjs', args, folder, environment), `${EXPECTED}\n`);
});

test('Bun', () => {
  const folder = makeConsumer('bun', { 'main.mjs': MAIN, 'main.cjs': "console.log(require('./use.cjs').use());\n" });
  for (const main of ['main.mjs', 'main.cjs']) assert.equal(run(bun(), ['run', main], folder), `${EXPECTED}\n`);
});

/** Returns the path of bun's binary. Its npm package links to it in an install script, which does not run here. */
function bun() {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('bun/package.json'));
  const { optionalDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? '-musl' : '';
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch;
  // The baseline build runs on processors without AVX2.
  const names = [`@oven/bun-${process.platform}-${arch}${libc}-baseline`, `@oven/bun-${process.platform}-${arch}${libc}`];
  for (const name of names.filter((name) => name in optionalDependencies)) {
    const binary = join(dirname(folder), name, 'bin', 'bun');
    if (existsSync(binary)) return binary;
  }
  throw new Error(`bun has no binary for this machine: looked for ${names.join(', ')}`);
}
