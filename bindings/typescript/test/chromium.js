// A page in a real browser: it is served from memory to a headless Chromium, and what it tells is handed back.

import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-extensions',
  '--disable-sync',
];
/** Milliseconds that a page may take, the browser's start included. */
const PATIENCE = 120_000;

/** The browser to use. */
function browser() {
  const { CHROMIUM, PATH = '' } = process.env;
  const found = CHROMIUM === undefined ? PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))) : [CHROMIUM];
  for (const path of found) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next one.
    }
  }
  throw new Error(
    CHROMIUM === undefined
      ? 'no Chromium is on the PATH: install one, name its path in CHROMIUM, or use `cargo xtask test languages`, which brings one'
      : `CHROMIUM names ${CHROMIUM}, which is not an executable file`,
  );
}

/**
 * Runs a module in a page: what it passes to `tell`.
 *
 * @param {string} script the module's source; what it throws fails the call
 * @param {Record<string, {type: string, body: string | Uint8Array}>} files what is served beside it, by path
 * @param {Record<string, string>} imports the page's import map
 */
export async function inPage(script, files, imports = {}) {
  const program = browser();
  const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script>
  const tell = (told) => fetch('/told', { method: 'POST', body: JSON.stringify(told) });
  addEventListener('error', ({ message, filename, lineno }) => tell({ failed: message + ' at ' + filename + ':' + lineno }));
  addEventListener('unhandledrejection', ({ reason }) => tell({ failed: String(reason?.stack ?? reason) }));
</script>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  import('/page.js').then(({ told }) => tell({ told }), (error) => tell({ failed: String(error?.stack ?? error) }));
</script>`;
  const served = { ...files, '/': { type: 'text/html', body: page }, '/page.js': { type: 'text/javascript', body: script } };
  const { promise, resolve, reject } = deferred();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    if (pathname === '/told') {
      const parts = [];
      for await (const part of request) parts.push(part);
      response.end();
      resolve(JSON.parse(Buffer.concat(parts).toString()));
      return;
    }
    const file = served[pathname];
    response.writeHead(file === undefined ? 404 : 200, file && { 'content-type': file.type });
    response.end(file?.body);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const profile = mkdtempSync(join(tmpdir(), 'gridbid-chromium-'));
  const address = `http://127.0.0.1:${server.address().port}/`;
  // A session of its own, so that the browser's own children end with it.
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, address], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.on('data', (part) => (said = (said + part).slice(-2_000)));
  const ended = new Promise((done) => child.once('close', done));
  ended.then(() => reject(new Error(`the browser ended before its page did: ${said}`)));
  child.once('error', reject);
  const timer = setTimeout(() => reject(new Error(`the page told nothing in ${PATIENCE} ms: ${said}`)), PATIENCE);
  try {
    const { told, failed } = await promise;
    if (failed !== undefined) throw new Error(`the page failed: ${failed}`);
    return told;
  } finally {
    clearTimeout(timer);
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    await ended;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  made.promise.catch(() => {});
  return made;
}
