// What Terraform configures for the page in the cloud: the headers of headers.mjs, and the path that the API sees.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { securityHeaders } from '../../scripts/headers.mjs';

const MODULE = '../terraform/modules/console';

test('CloudFront sends the headers of every other server of the page', async () => {
  const configuration = await readFile(`${MODULE}/main.tf`, 'utf8');
  const { 'content-security-policy': policy = '', 'strict-transport-security': transport = '', ...others } =
    securityHeaders('https://issuer.example.com');
  for (const directive of policy.split('; ')) {
    const text = directive.replace('https://issuer.example.com', '${join(" ", local.issuer_origins)}');
    assert.ok(configuration.includes(`"${text}"`), `main.tf lacks ${text}`);
  }
  const [, seconds] = /max-age=(\d+); includeSubDomains/.exec(transport) ?? [];
  assert.match(configuration, new RegExp(`max_age_sec = ${seconds}\n\\s+include_subdomains +=\\s+true`));
  assert.match(configuration, /content_type_options \{\n\s+override = true/);
  delete others['x-content-type-options'];
  for (const [name, value] of Object.entries(others)) {
    const attribute = name === 'referrer-policy' ? 'referrer_policy' : 'value';
    assert.match(configuration, new RegExp(`${attribute} += "${value.replace(/[()]/g, '\\$&')}"`), name);
  }
});

test('the API sees paths without the prefix of the console', async () => {
  const source = await readFile(`${MODULE}/strip-prefix.js`, 'utf8');
  const handler = new Function(`${source}; return handler;`)() as (event: object) => { uri: string };
  const uriFor = (uri: string): string => handler({ request: { uri } }).uri;
  assert.equal(uriFor('/api/orders'), '/orders');
  assert.equal(uriFor('/api/results/2026-11-22/20261122T070500Z'), '/results/2026-11-22/20261122T070500Z');
  assert.equal(uriFor('/api/api/orders'), '/api/orders');
});
