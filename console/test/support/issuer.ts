/** A small OIDC issuer: discovery, keys, authorization code with PKCE, and configurable tokens. */

import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
  type JsonWebKey,
} from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { close, listen } from './server.ts';

const KEY_ID = 'test-key';
/** The subject of every token. */
export const SUBJECT = 'trader-1';
const base64url = (value: string | Buffer): string => Buffer.from(value).toString('base64url');

interface Grant {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly nonce: string | null;
  /** The audience that the page has asked for. */
  readonly audience: string | null;
}

export interface Issuer {
  readonly url: string;
  /** The audience of tokens issued from now on, unless the page asks for one. */
  audience: string;
  /** The issuer that the access tokens to come name; null for this one. */
  namedIssuer: string | null;
  /** Seconds until tokens issued from now on expire, as the API sees it; negative for expired ones. */
  lifetime: number;
  /** Whether sign-ins are denied. */
  denies: boolean;
  /** Seconds until tokens issued from now on expire, as the page sees it; null for what the API sees, but at least a minute. */
  expiresIn: number | null;
  /** Whether tokens come with a refresh token. */
  hasRefresh: boolean;
  readonly requests: string[];
  /** Decides about a bearer token, as API Gateway's JWT authorizer does: null when it is accepted. */
  readonly authorize: (token: string | null) => string | null;
  close(): Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key: JsonWebKey = publicKey.export({ format: 'jwk' });
  const grants = new Map<string, Grant>();
  const requests: string[] = [];

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', issuer.url);
    requests.push(`${request.method} ${url.pathname}`);
    response.setHeader('access-control-allow-origin', '*');
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { 'access-control-allow-headers': '*', 'access-control-allow-methods': '*' }).end();
      return;
    }
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(response, 200, {
          issuer: issuer.url,
          authorization_endpoint: `${issuer.url}/authorize`,
          token_endpoint: `${issuer.url}/token`,
          jwks_uri: `${issuer.url}/jwks`,
          end_session_endpoint: `${issuer.url}/logout`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
        });
      case '/jwks':
        return json(response, 200, { keys: [{ ...key, kid: KEY_ID, alg: 'RS256', use: 'sig' }] });
      case '/authorize':
        return authorizePage(url.searchParams, response);
      case '/token': {
        let body = '';
        request.on('data', (part: Buffer) => (body += part.toString()));
        request.on('end', () => token(new URLSearchParams(body), response));
        return;
      }
      case '/logout':
        response.writeHead(302, { location: url.searchParams.get('post_logout_redirect_uri') ?? '/' }).end();
        return;
      default:
        response.writeHead(404).end();
    }
  });

  const issuer: Issuer & { url: string } = {
    url: '',
    audience: 'console',
    namedIssuer: null,
    lifetime: 3600,
    denies: false,
    expiresIn: null,
    hasRefresh: false,
    requests,
    authorize: (bearer) => {
      if (bearer === null) return 'no token';
      const [header = '', payload = '', signature = ''] = bearer.split('.');
      const imported = createPublicKey({ key, format: 'jwk' });
      if (!verify('RSA-SHA256', Buffer.from(`${header}.${payload}`), imported, Buffer.from(signature, 'base64url')))
        return 'invalid signature';
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
        iss: string;
        aud: string;
        exp: number;
      };
      if (claims.iss !== issuer.url) return 'wrong issuer';
      if (claims.aud !== 'console') return 'wrong audience';
      return claims.exp * 1000 < Date.now() ? 'the token has expired' : null;
    },
    close: () => close(server),
  };

  function authorizePage(query: URLSearchParams, response: ServerResponse): void {
    const redirectUri = query.get('redirect_uri') ?? '';
    const answer = new URL(redirectUri);
    answer.searchParams.set('state', query.get('state') ?? '');
    if (issuer.denies) {
      answer.searchParams.set('error', 'access_denied');
      answer.searchParams.set('error_description', 'not on the list');
    } else {
      const code = randomUUID();
      if (query.get('code_challenge_method') !== 'S256' || query.get('response_type') !== 'code') {
        response.writeHead(400).end('PKCE with S256 is required');
        return;
      }
      grants.set(code, {
        challenge: query.get('code_challenge') ?? '',
        redirectUri,
        nonce: query.get('nonce'),
        audience: query.get('audience'),
      });
      answer.searchParams.set('code', code);
    }
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(
      `<!doctype html><title>Issuer</title><h1>Sign in</h1><a href="${answer.href.replaceAll('&', '&amp;')}">Continue as trader</a>`,
    );
  }

  function token(form: URLSearchParams, response: ServerResponse): void {
    if (form.get('grant_type') === 'refresh_token') {
      if (form.get('refresh_token') !== 'refresh') return json(response, 400, { error: 'invalid_grant' });
      return issue({ nonce: null, audience: null }, response);
    }
    const grant = grants.get(form.get('code') ?? '');
    grants.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (grant === undefined || grant.challenge !== challenge || grant.redirectUri !== form.get('redirect_uri')) {
      return json(response, 400, { error: 'invalid_grant' });
    }
    issue(grant, response);
  }

  function issue({ nonce, audience }: Pick<Grant, 'nonce' | 'audience'>, response: ServerResponse): void {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer.url,
      sub: SUBJECT,
      email: 'trader@example.com',
      iat: now,
      ...(nonce === null ? {} : { nonce }),
    };
    json(response, 200, {
      token_type: 'Bearer',
      expires_in: issuer.expiresIn ?? Math.max(60, issuer.lifetime),
      ...(issuer.hasRefresh ? { refresh_token: 'refresh' } : {}),
      access_token: jwt({
        ...claims,
        iss: issuer.namedIssuer ?? issuer.url,
        aud: audience ?? issuer.audience,
        exp: now + issuer.lifetime,
      }),
      id_token: jwt({ ...claims, aud: 'console', exp: now + 3600 }),
    });
  }

  function jwt(claims: object): string {
    const signed = `${base64url(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: KEY_ID }))}.${base64url(JSON.stringify(claims))}`;
    return `${signed}.${base64url(sign('RSA-SHA256', Buffer.from(signed), privateKey))}`;
  }

  await listen(server);
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return issuer;
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
