/** Serves dist/ and an API under one origin, with the headers that every deployment has. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

import { FakeApi } from './api.ts';
import { close, listen } from './server.ts';
import { securityHeaders } from '../../scripts/headers.mjs';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

export interface SiteOptions {
  readonly issuer?: string;
  readonly environment?: string;
  readonly scope?: string;
  readonly audience?: string;
}

export interface Site {
  readonly url: string;
  readonly api: FakeApi;
  /** Paths below it are answered with 404. */
  readonly broken: Set<string>;
  close(): Promise<void>;
}

export async function startSite({
  issuer,
  environment = 'local',
  scope = 'openid email',
  audience,
}: SiteOptions = {}): Promise<Site> {
  const api = new FakeApi();
  const broken = new Set<string>();
  const config = {
    api: '/api',
    issuer: issuer ?? null,
    client_id: issuer === undefined ? '' : 'console',
    scope,
    audience: audience ?? null,
    environment,
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://site').pathname;
    if (path.startsWith('/api/')) {
      api.handle(request, response).catch(() => response.destroy());
      return;
    }
    const name = path === '/' ? 'index.html' : normalize(path).slice(1);
    const headers = {
      ...securityHeaders(issuer ?? null),
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    };
    if ([...broken].some((part) => name.includes(part))) {
      response.writeHead(404).end();
      return;
    }
    if (name === 'config.json') {
      response.writeHead(200, headers).end(JSON.stringify(config));
      return;
    }
    readFile(join('dist', name)).then(
      (body) => response.writeHead(200, headers).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    api,
    broken,
    close: () => close(server),
  };
}
