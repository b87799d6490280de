// Bundlers, each with its defaults: bundles that run in Node, and pages that run in Chromium.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';

import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { build as buildWithVite, createServer } from 'vite';
import webpack from 'webpack';

import { openPage } from '../test/chromium.js';
import { EXPECTED, filesBelow, makeConsumer, page, POST, run, runTool } from './consumer.js';

const MAIN = "import { use } from './use.mjs';\nconsole.log(use());\n";
const PAGE = `import { use as run } from './use.mjs';\n${POST}`;
const WORKER = "import { use } from './use.mjs';\npostMessage(use());\n";
const PAGE_WITH_WORKER = `
const run = () => new Promise((resolve, reject) => {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
});
${POST}`;

/** Asserts that a bundle runs from another folder, without the package. */
function assertRuns(bundle) {
  const elsewhere = mkdtempSync(join(tmpdir(), 'gridbid-bundle-'));
  try {
    cpSync(bundle, join(elsewhere, basename(bundle)));
    assert.equal(run(process.execPath, [basename(bundle)], elsewhere), `${EXPECTED}\n`);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

const html = (script, attributes) => ({ '/': { type: 'text/html', body: page(script, attributes) } });

test('esbuild, for Node', async () => {
  const folder = makeConsumer('esbuild-node', { 'main.mjs': MAIN });
  for (const [format, outfile] of [['esm', 'bundle.mjs'], ['cjs', 'bundle.cjs']]) {
    await build({ absWorkingDir: folder, entryPoints: ['main.mjs'], bundle: true, platform: 'node', format, outfile });
    assertRuns(join(folder, outfile));
  }
});

test('esbuild, for a page', async () => {
  const folder = makeConsumer('esbuild-page', { 'page.mjs': PAGE });
  // Without a target: a script, and no module.
  await build({ absWorkingDir: folder, entryPoints: ['page.mjs'], bundle: true, minify: true, outfile: 'dist/page.js' });
  assert.equal(await openPage({ ...filesBelow(join(folder, 'dist')), ...html('/page.js') }), EXPECTED);
});

/** Bundles with webpack; a warning is a failure too. */
async function bundleWithWebpack(folder, options) {
  const stats = await new Promise((resolve, reject) =>
    webpack({ context: folder, mode: 'production', ...options }, (error, stats) => (error ? reject(error) : resolve(stats))),
  );
  assert.equal(stats.hasErrors() || stats.compilation.warnings.some(({ name }) => !/SizeLimit|NoAsyncChunks/.test(name)), false, stats.toString());
}

test('webpack, for Node', async () => {
  const folder = makeConsumer('webpack-node', { 'main.mjs': MAIN, 'main.cjs': "console.log(require('./use.cjs').use());\n" });
  for (const entry of ['main.mjs', 'main.cjs']) {
    await bundleWithWebpack(folder, { entry: `./${entry}`, target: 'node', output: { path: folder, filename: 'bundle.cjs' } });
    assertRuns(join(folder, 'bundle.cjs'));
  }
});

test('webpack, for a page and its worker', async () => {
  const folder = makeConsumer('webpack-page', { 'page.js': PAGE, 'with-worker.js': PAGE_WITH_WORKER, 'worker.js': WORKER });
  await bundleWithWebpack(folder, { entry: { page: './page.js', worker: './with-worker.js' }, output: { path: join(folder, 'dist'), publicPath: '/' } });
  for (const script of ['/page.js', '/worker.js']) {
    assert.equal(await openPage({ ...filesBelow(join(folder, 'dist')), ...html(script) }), EXPECTED);
  }
});

test('Rollup with node-resolve', async () => {
  const folder = makeConsumer('rollup', { 'main.mjs': MAIN, 'page.mjs': PAGE });
  const bundle = await rollup({ input: join(folder, 'main.mjs'), plugins: [nodeResolve()], onwarn: (warning) => assert.fail(warning.message) });
  await bundle.write({ file: join(folder, 'bundle.mjs') });
  assertRuns(join(folder, 'bundle.mjs'));
  const forPage = await rollup({ input: join(folder, 'page.mjs'), plugins: [nodeResolve({ browser: true })] });
  await forPage.write({ file: join(folder, 'dist/page.js'), format: 'iife' });
  assert.equal(await openPage({ ...filesBelow(join(folder, 'dist')), ...html('/page.js') }), EXPECTED);
});

const VITE = { configFile: false, logLevel: 'error' };
const VITE_FILES = { 'index.html': page('/page.js', 'type="module"'), 'page.js': PAGE, 'worker.js': WORKER };

test('Vite, build', async () => {
  const root = makeConsumer('vite-build', VITE_FILES);
  await buildWithVite({ ...VITE, root });
  const files = filesBelow(join(root, 'dist'));
  assert.equal(await openPage({ ...files, '/': files['/index.html'] }), EXPECTED);
});

test('Vite, worker', async () => {
  const root = makeConsumer('vite-worker', { ...VITE_FILES, 'page.js': PAGE_WITH_WORKER });
  await buildWithVite({ ...VITE, root });
  const files = filesBelow(join(root, 'dist'));
  assert.equal(await openPage({ ...files, '/': files['/index.html'] }), EXPECTED);
});

test('Vite, SSR', async () => {
  const root = makeConsumer('vite-ssr', { 'main.js': MAIN });
  for (const noExternal of [undefined, true]) {
    await buildWithVite({ ...VITE, root, ...(noExternal && { ssr: { noExternal } }), build: { ssr: 'main.js' } });
    assert.equal(run(process.execPath, ['dist/main.mjs'], root), `${EXPECTED}\n`);
  }
});

test('Vite, development server', async () => {
  const root = makeConsumer('vite-dev', VITE_FILES);
  const server = await createServer({ ...VITE, root, server: { host: '127.0.0.1', port: 0 } });
  try {
    await server.listen();
    const [address] = server.resolvedUrls.local;
    assert.equal(await openPage({}, (origin) => `${address}?outcome=${origin}/outcome`), EXPECTED);
  } finally {
    await server.close();
  }
});

test('Parcel', async () => {
  const folder = makeConsumer('parcel', { 'index.html': page('page.js', 'type="module"'), 'page.js': PAGE });
  const parcel = createRequire(import.meta.url).resolve('parcel/package.json').split('/node_modules/')[1].replace('package.json', 'lib/bin.js');
  runTool(parcel, ['build', 'index.html', '--no-cache', '--no-source-maps', '--cache-dir', join(folder, '.cache')], folder, { PARCEL_WORKERS: '0' });
  const files = filesBelow(join(folder, 'dist'));
  assert.equal(await openPage({ ...files, '/': files['/index.html'] }), EXPECTED);
});
