// Serves the page for development, and builds it again when a source changes: `npm run dev`.
//
// The API is the one of a running local cloud: GRIDBID_API_URL names it, such as the console's or the API's address that
// `cargo xtask up` prints.

import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { extname, join, normalize } from 'node:path';

import { buildPage, ROOT } from './build.mjs';
import { securityHeaders } from './headers.mjs';

const PORT = Number(process.env.PORT ?? 5173);
const API = process.env.GRIDBID_API_URL;
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

if (API === undefined || !URL.canParse(API)) {
  console.error(
    'GRIDBID_API_URL must name the API: start the local cloud with `cargo xtask up`, which prints the address',
  );
  process.exit(1);
}
const target = new URL(API.endsWith('/') ? API : `${API}/`);

let building = rebuild();
let timer;
watch(join(ROOT, 'src'), { recursive: true }, () => {
  clearTimeout(timer);
  timer = setTimeout(() => (building = building.then(rebuild)), 100);
});

async function rebuild() {
  const start = performance.now();
  try {
    await buildPage();
    console.log(`built in ${(performance.now() - start).toFixed(0)} ms`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}

function forward(request, response, path) {
  const to = new URL(path, target);
  const send = to.protocol === 'https:' ? httpsRequest : httpRequest;
  const upstream = send(to, { method: request.method, headers: { ...request.headers, host: to.host } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  upstream.on('error', (error) => {
    if (response.headersSent) return response.destroy();
    response.writeHead(502, { 'content-type': 'application/problem+json' });
    response.end(
      JSON.stringify({
        title: 'The API cannot be reached',
        status: 502,
        detail: `${API} does not answer: ${error.message}`,
      }),
    );
  });
  request.pipe(upstream);
}

const server = createServer(async (request, response) => {
  const { pathname, search } = new URL(request.url ?? '/', 'http://page');
  if (pathname.startsWith('/api/')) return forward(request, response, pathname.slice('/api/'.length) + search);
  await building;
  const name = pathname === '/' ? 'index.html' : normalize(pathname).slice(1);
  try {
    const body = await readFile(join(ROOT, 'dist', name));
    response.writeHead(200, {
      ...securityHeaders(null),
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'cache-control': 'no-store',
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
server.listen(PORT, '127.0.0.1', () => console.log(`http://127.0.0.1:${PORT}/ with the API at ${API}`));
