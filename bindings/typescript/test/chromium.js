// Opens pages in a headless Chromium and returns their results.

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
/** Time limit of a page in milliseconds, including the browser's start. */
const TIMEOUT_MS = 120_000;

/** Returns the path of the browser. */
function findBrowser() {
  const { CHROMIUM, PATH = '' } = process.env;
  const candidates = CHROMIUM === undefined ? PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))) : [CHROMIUM];
  for (const path of candidates) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Try the next one.
    }
  }
  throw new Error(
    CHROMIUM === undefined
      ? 'Chromium is not on the PATH: install it, set CHROMIUM to its path, or run `cargo xtask test languages`, which fetches it'
      : `CHROMIUM names ${CHROMIUM}, which is not an executable file`,
  );
}

/**
 * Runs a module in a page and returns its export `result`.
 *
 * @param {string} script the module's source; an error that it throws fails the call
 * @param {Record<string, {type: string, body: string | Uint8Array}>} files other files of the page, by path
 * @param {Record<string, string>} imports the page's import map
 */
export async function runInPage(script, files, imports = {}) {
  const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script>
  const report = (outcome) => fetch('/outcome', { method: 'POST', body: JSON.stringify(outcome) });
  addEventListener('error', ({ message, filename, lineno }) => report({ error: message + ' at ' + filename + ':' + lineno }));
  addEventListener('unhandledrejection', ({ reason }) => report({ error: String(reason?.stack ?? reason) }));
</script>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  import('/page.js').then(({ result }) => report({ result }), (error) => report({ error: String(error?.stack ?? error) }));
</script>`;
  return openPage({ ...files, '/': { type: 'text/html', body: page }, '/page.js': { type: 'text/javascript', body: script } });
}

/**
 * Opens a page and returns the `result` that it posts to `/outcome`, as JSON; an `error` fails the call.
 *
 * @param {Record<string, {type: string, body: string | Uint8Array, headers?: Record<string, string>}>} files what is served, by path
 * @param {(origin: string) => string} address the page's address, given where the files are served
 */
export async function openPage(files, address = (origin) => `${origin}/`) {
  const program = findBrowser();
  const { promise, resolve, reject } = deferred();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    if (pathname === '/outcome') {
      const parts = [];
      for await (const part of request) parts.push(part);
      response.end();
      resolve(JSON.parse(Buffer.concat(parts).toString()));
      return;
    }
    const file = files[pathname];
    response.writeHead(file === undefined ? 404 : 200, file && { 'content-type': file.type, ...file.headers });
    response.end(file?.body);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const profile = mkdtempSync(join(tmpdir(), 'gridbid-chromium-'));
  const page = address(`http://127.0.0.1:${server.address().port}`);
  // Its own process group, so that the browser's child processes can be killed with it.
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, page], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let log = '';
  child.stderr.on('data', (part) => (log = (log + part).slice(-2_000)));
  const ended = new Promise((done) => child.once('close', done));
  ended.then(() => reject(new Error(`the browser exited before the page was done: ${log}`)));
  child.once('error', reject);
  const timer = setTimeout(() => reject(new Error(`the page was not done within ${TIMEOUT_MS} ms: ${log}`)), TIMEOUT_MS);
  try {
    const { result, error } = await promise;
    if (error !== undefined) throw new Error(`the page failed: ${error}`);
    return result;
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
  const settlers = {};
  const promise = new Promise((resolve, reject) => Object.assign(settlers, { resolve, reject }));
  // It may be rejected before it is awaited.
  promise.catch(() => {});
  return { promise, ...settlers };
}
