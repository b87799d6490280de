// Chromium without a bundler: pages, workers, service workers, a strict Content Security Policy, odd servers.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { build } from 'esbuild';

import { openPage } from '../test/chromium.js';
import { EXPECTED, filesBelow, makeConsumer, page, POST } from './consumer.js';

const folder = makeConsumer('browser', { 'page.mjs': `import { use as run } from './use.mjs';\n${POST}` });
const core = filesBelow(join(folder, 'node_modules/@gridbid/core/dist'), '/core/');
const js = (body, type = 'text/javascript') => ({ type, body });
const html = (body, headers) => ({ type: 'text/html', body, headers });
/** `use.mjs` as a page serves it: browsers resolve no package names. */
const use = filesBelow(folder)['/use.mjs'].body.toString().replace("'@gridbid/core'", "'/core/index.js'");
const PAGE = `import { use as run } from '/use.js';\n${POST}`;
const files = { ...core, '/use.js': js(use), '/page.js': js(PAGE) };

test('page without a bundler, by an import map', async () => {
  const map = '<script type="importmap">{"imports":{"@gridbid/core":"/core/index.js"}}</script>';
  const script = filesBelow(folder)['/use.mjs'].body;
  assert.equal(await openPage({ ...files, '/use.js': js(script), '/': html(map + page('/page.js', 'type="module"')) }), EXPECTED);
});

for (const type of ['module', 'classic']) {
  test(`service worker, ${type}`, async () => {
    const source = `import { use } from '/use.js';\naddEventListener('fetch', (event) => { if (event.request.url.endsWith('/use')) event.respondWith(new Response(use())); });\naddEventListener('activate', (event) => event.waitUntil(clients.claim()));\n`;
    const bundle = async () => {
      const resolve = { name: 'paths', setup: ({ onResolve, onLoad }) => {
        onResolve({ filter: /^[./]/ }, ({ path, importer }) => ({ path: new URL(path, `file://${importer.startsWith('/') ? importer : '/'}`).pathname, namespace: 'page' }));
        onLoad({ filter: /.*/, namespace: 'page' }, ({ path }) => ({ contents: files[path].body, loader: 'js' }));
      } };
      const { outputFiles } = await build({ stdin: { contents: source }, bundle: true, format: 'iife', write: false, plugins: [resolve] });
      return outputFiles[0].text;
    };
    const script = `
      const run = async () => {
        await navigator.serviceWorker.register('/worker.js', { type: '${type}' });
        await navigator.serviceWorker.ready;
        if (navigator.serviceWorker.controller === null) await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
        return (await fetch('/use')).text();
      };
      ${POST}`;
    const worker = js(type === 'module' ? source : await bundle());
    assert.equal(await openPage({ ...files, '/worker.js': worker, '/page.js': js(script), '/': html(page('/page.js', 'type="module"')) }), EXPECTED);
  });
}

test('strict Content Security Policy', async () => {
  const open = (sources) =>
    openPage({ ...files, '/': html(page('/page.js', 'type="module"'), { 'content-security-policy': `default-src 'none'; connect-src 'self'; script-src ${sources}` }) });
  assert.equal(await open("'self' 'wasm-unsafe-eval'"), EXPECTED);
  await assert.rejects(open("'self'"), /the page failed: CompileError: .*Content Security Policy/);
});

test('server with odd content types', async () => {
  for (const type of ['application/javascript; charset=iso-8859-1', 'text/javascript; charset=utf-16', 'application/x-javascript', 'text/ecmascript']) {
    const odd = Object.fromEntries(Object.entries(files).map(([path, file]) => [path, { ...file, type }]));
    assert.equal(await openPage({ ...odd, '/': html(page('/page.js', 'type="module"')) }), EXPECTED, type);
  }
});
