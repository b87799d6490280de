/** A second API on the local cloud that trusts an issuer, and a site with the page in front of it. */

import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { securityHeaders } from '../../scripts/headers.mjs';
import { close, listen } from './server.ts';

/** The headers that the API may see, as on the console's origin. */
const FORWARDED = ['accept', 'authorization', 'content-type'] as const;
/** The local cloud reads the service and the region from the credential, and does not verify the signature. */
const signature = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;

interface Items<T> {
  readonly items: readonly T[];
}

export interface ProtectedApi {
  readonly id: string;
  remove(): Promise<void>;
}

/**
 * Copies the routes of an HTTP API to a new one, with a JWT authorizer as in terraform/modules/http-api. The functions admit
 * the new API, too.
 *
 * The local environment's own API is open.
 */
export async function protectApi(
  cloud: string,
  apiId: string,
  issuer: string,
  audience: string,
): Promise<ProtectedApi> {
  async function send<T>(service: string, method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(new URL(path, cloud), {
      method,
      headers: { authorization: signature(service), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  const call = <T>(method: string, path: string, body?: object): Promise<T> =>
    send<T>('apigateway', method, `/v2/apis${path}`, body);
  const admissions: string[] = [];

  /** Lets the new API invoke the alias of a function, once for all its routes. */
  async function admit(id: string, integrationUri: string): Promise<void> {
    const [, name, alias] = /:function:([^:/]+):([^:/]+)/.exec(integrationUri) ?? [];
    if (name === undefined || alias === undefined) throw new Error(`no alias of a function: ${integrationUri}`);
    const path = `/2015-03-31/functions/${name}/policy`;
    const admission = `${path}/${id}?Qualifier=${alias}`;
    if (admissions.includes(admission)) return;
    await send('lambda', 'POST', `${path}?Qualifier=${alias}`, {
      StatementId: id,
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
      SourceArn: `arn:aws:execute-api:eu-west-1:000000000000:${id}/*/*`,
    });
    admissions.push(admission);
  }

  const routes = await call<Items<{ routeKey: string; target: string }>>('GET', `/${apiId}/routes`);
  const { apiId: id } = await call<{ apiId: string }>('POST', '', { name: 'console-sign-in', protocolType: 'HTTP' });
  const { authorizerId } = await call<{ authorizerId: string }>('POST', `/${id}/authorizers`, {
    name: 'jwt',
    authorizerType: 'JWT',
    identitySource: ['$request.header.Authorization'],
    jwtConfiguration: { issuer, audience: [audience] },
  });
  for (const { routeKey, target } of routes.items) {
    const integration = await call<Readonly<Record<string, string>>>('GET', `/${apiId}/${target}`);
    await admit(id, integration['integrationUri'] ?? '');
    const { integrationId } = await call<{ integrationId: string }>('POST', `/${id}/integrations`, {
      integrationType: integration['integrationType'],
      integrationMethod: integration['integrationMethod'],
      integrationUri: integration['integrationUri'],
      payloadFormatVersion: integration['payloadFormatVersion'],
    });
    await call('POST', `/${id}/routes`, {
      routeKey,
      target: `integrations/${integrationId}`,
      authorizationType: 'JWT',
      authorizerId,
    });
  }
  await call('POST', `/${id}/stages`, { stageName: '$default', autoDeploy: true });
  const remove = async (): Promise<void> => {
    for (const admission of admissions) await send('lambda', 'DELETE', admission);
    await call('DELETE', `/${id}`);
  };
  return { id, remove };
}

export interface CloudSite {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the page of a running console with another API and issuer. */
export async function startCloudSite(
  page: string,
  cloud: string,
  apiId: string,
  issuer: string,
): Promise<CloudSite> {
  const apiHost = `${apiId}.execute-api.localhost:${new URL(cloud).port}`;
  const config = { api: '/api', issuer, client_id: 'console', scope: 'openid email', environment: 'test' };
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/config.json') {
      response.writeHead(200, { ...securityHeaders(issuer), 'content-type': 'application/json' });
      response.end(JSON.stringify(config));
      return;
    }
    const isApi = path.startsWith('/api/');
    const to = new URL(isApi ? path.slice('/api'.length) : path, isApi ? cloud : page);
    forward(request, to, isApi ? apiHost : to.host).then(
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...securityHeaders(issuer) });
        answer.pipe(response);
      },
      () => response.destroy(),
    );
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => close(server),
  };
}

function forward(request: IncomingMessage, to: URL, host: string): Promise<IncomingMessage> {
  const headers: IncomingHttpHeaders = { host };
  for (const name of FORWARDED) if (request.headers[name] !== undefined) headers[name] = request.headers[name];
  return new Promise((resolve, reject) => {
    const upstream = httpRequest(to, { method: request.method, headers }, resolve);
    upstream.on('error', reject);
    request.pipe(upstream);
  });
}
