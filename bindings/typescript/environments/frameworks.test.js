// Next, and Cloudflare's workerd.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Miniflare } from 'miniflare';

import { openPage } from '../test/chromium.js';
import { EXPECTED, makeConsumer, POST, runTool } from './consumer.js';

const here = dirname(fileURLToPath(import.meta.url));
const NEXT = 'next/dist/bin/next';
const NEXT_ENVIRONMENT = { NEXT_TELEMETRY_DISABLED: '1' };

for (const bundler of ['--turbopack', '--webpack']) {
  test(`Next, ${bundler}: prerendered, on the server, and on the client`, async () => {
    const folder = makeConsumer(`next${bundler}`, {
      'package.json': '{"name":"consumer","private":true,"type":"module"}',
      // The tools are installed above the consumer.
      'next.config.mjs': `export default { turbopack: { root: ${JSON.stringify(here)} }, outputFileTracingRoot: ${JSON.stringify(here)} };\n`,
      'app/layout.jsx': 'export default ({ children }) => <html><body>{children}</body></html>;\n',
      'app/page.jsx': "import { use } from '../use.mjs';\nimport Client from './client';\nexport default () => <main><p>{use()}</p><Client /></main>;\n",
      'app/client.jsx': `'use client';\nimport { useEffect } from 'react';\nimport { use as run } from '../use.mjs';\nexport default function Client() {\n  useEffect(() => {${POST}}, []);\n  return <p>{run()}</p>;\n}\n`,
      'app/check/route.js': "import { use } from '../../use.mjs';\nexport const dynamic = 'force-dynamic';\nexport const GET = () => new Response(use());\n",
    });
    runTool(NEXT, ['build', bundler], folder, NEXT_ENVIRONMENT);
    await withServer([join(here, 'node_modules', NEXT), 'start', '--hostname', '127.0.0.1'], folder, async (address) => {
      assert.equal(await (await fetch(`${address}/check`)).text(), EXPECTED);
      const html = await (await fetch(address)).text();
      assert.equal(html.split(`<p>${EXPECTED}</p>`).length, 3);
      assert.equal(await openPage({}, (origin) => `${address}/?outcome=${origin}/outcome`), EXPECTED);
    });
  });
}

/** Starts a server with Node on a free port, waits until it listens, and stops it in the end. */
async function withServer(args, folder, use) {
  const port = await freePort();
  const child = spawn(process.execPath, [...args, '--port', String(port)], { cwd: folder, env: { ...process.env, ...NEXT_ENVIRONMENT }, stdio: 'inherit' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    const address = `http://127.0.0.1:${port}`;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await fetch(address);
        break;
      } catch (error) {
        if (attempt === 300 || child.exitCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    await use(address);
  } finally {
    child.kill();
    await ended;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("Cloudflare's workerd, bundled by wrangler", async () => {
  const folder = makeConsumer('workerd', {
    'worker.mjs': "import { use } from './use.mjs';\nexport default { fetch: () => new Response(use()) };\n",
    'wrangler.json': '{"name":"consumer","main":"worker.mjs","compatibility_date":"2026-01-01"}',
  });
  const environment = { WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG_PATH: join(folder, 'logs'), CI: '1', HOME: folder };
  runTool('wrangler/bin/wrangler.js', ['deploy', '--dry-run', '--outdir', 'dist'], folder, environment);
  const dist = join(folder, 'dist');
  assert.ok(readdirSync(dist).some((name) => name.endsWith('.wasm')));
  const miniflare = new Miniflare({
    rootPath: dist,
    modules: true,
    scriptPath: 'worker.js',
    modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm'] }],
    compatibilityDate: '2026-01-01',
  });
  try {
    assert.equal(await (await miniflare.dispatchFetch('http://consumer/')).text(), EXPECTED);
  } finally {
    await miniflare.dispose();
  }
});
