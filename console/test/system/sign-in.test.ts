// Signing in against the local cloud: its JWT authorizer validates the tokens of a test issuer, and its functions store the order.
//
// GRIDBID_CONSOLE_URL names the console, GRIDBID_CLOUD_URL the local cloud, GRIDBID_API_ID its open API.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Page } from 'playwright-core';

import { launch } from '../support/browser.ts';
import { protectApi, startCloudSite } from '../support/cloud.ts';
import { startIssuer, SUBJECT, type Issuer } from '../support/issuer.ts';
import { fill } from '../support/page.ts';
import { assertNothingKept, signIn } from '../support/sign-in.ts';

function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} must be set: \`cargo xtask test system\` sets it`);
  return value;
}

interface Session {
  readonly page: Page;
  readonly issuer: Issuer;
  /** Reads an order through the open API; null when it is not stored. */
  readonly stored: (recordId: string) => Promise<Readonly<Record<string, unknown>> | null>;
}

async function withSession(run: (session: Session) => Promise<void>): Promise<void> {
  const console = variable('GRIDBID_CONSOLE_URL');
  const cloud = variable('GRIDBID_CLOUD_URL');
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    const issuer = await startIssuer();
    cleanups.unshift(() => issuer.close());
    const api = await protectApi(cloud, variable('GRIDBID_API_ID'), issuer.url, 'console');
    cleanups.unshift(() => api.remove());
    const site = await startCloudSite(console, cloud, api.id, issuer.url);
    cleanups.unshift(() => site.close());
    const browser = await launch();
    cleanups.unshift(() => browser.close());
    const page = await browser.newPage({ locale: 'en-GB' });
    page.setDefaultTimeout(30_000);
    await page.goto(site.url);
    await run({
      page,
      issuer,
      stored: async (recordId) => {
        const response = await fetch(new URL(`api/orders/${recordId}`, console));
        if (response.status === 404) return null;
        assert.equal(response.status, 200);
        return (await response.json()) as Readonly<Record<string, unknown>>;
      },
    });
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}

const order = (recordId: string): string =>
  JSON.stringify([{ record_id: recordId, parameter_1: 'from a signed-in trader', parameter_2: 1 }]);

test('an order records the subject of the token, which is kept in no storage', () =>
  withSession(async ({ page, stored }) => {
    const id = `sign-in-${Date.now().toString(36)}`;
    await fill(page, order(id));
    await signIn(page);
    await page.getByText('trader@example.com').waitFor();
    await assertNothingKept(page);
    await page.getByRole('button', { name: 'Submit 1 order' }).click();
    await page.getByText('1 order stored').waitFor();
    await assertNothingKept(page);
    assert.equal((await stored(id))?.['submitted_by'], SUBJECT);
    await page.getByRole('link', { name: 'Results' }).click();
    await page.getByRole('heading', { name: /\d{4}$/ }).waitFor();
  }));

const refused: readonly (readonly [string, (issuer: Issuer) => void])[] = [
  ['an expired token', (issuer) => void (issuer.lifetime = -10)],
  ['a token for another audience', (issuer) => void (issuer.audience = 'elsewhere')],
  ['a token of another issuer', (issuer) => void (issuer.namedIssuer = 'https://elsewhere.example.com')],
];
for (const [name, change] of refused) {
  test(`${name} is refused and explained, and nothing is stored`, () =>
    withSession(async ({ page, issuer, stored }) => {
      change(issuer);
      const id = `refused-${Date.now().toString(36)}`;
      await fill(page, order(id));
      await signIn(page);
      await page.getByText('trader@example.com').waitFor();
      await page.getByRole('button', { name: 'Submit 1 order' }).click();
      await page.getByRole('alert').getByText('The API refused this sign-in (401)').waitFor();
      await page.getByRole('button', { name: 'Sign in' }).first().waitFor();
      await assertNothingKept(page);
      assert.equal(await stored(id), null);
    }));
}
