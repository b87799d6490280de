// Signing in against a small issuer: authorization code with PKCE, and tokens that the API refuses.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startIssuer, type Issuer } from '../support/issuer.ts';
import { editorText, fill } from '../support/page.ts';
import { assertNothingKept, signIn } from '../support/sign-in.ts';
import { assertAccessible, inPage, type Session } from '../support/session.ts';

const ORDER = '[{"record_id": "a", "parameter_1": "x", "parameter_2": 1}]';

async function withIssuer(
  run: (session: Session & { readonly issuer: Issuer }) => Promise<void>,
  options: { readonly hash?: string; readonly audience?: string } = {},
): Promise<void> {
  const issuer = await startIssuer();
  try {
    await inPage((session) => run({ ...session, issuer }), {
      issuer: issuer.url,
      allowed: [issuer.url],
      authorize: issuer.authorize,
      ...options,
    });
  } finally {
    await issuer.close();
  }
}

test('without a sign-in orders are checked, and nothing is asked of the API', () =>
  withIssuer(async ({ page, site }) => {
    await fill(page, ORDER);
    await page.getByText('Valid: 1 order').waitFor();
    await page.getByText('Sign in to submit.').waitFor();
    await page.getByRole('link', { name: 'Results' }).click();
    await page.getByText('Sign in to see results.').waitFor();
    await assertAccessible(page, 'signed out');
    assert.deepEqual(site.api.requests, []);
  }));

test('signing in keeps the text and the address, and no token in any storage', () =>
  withIssuer(async ({ page, issuer }) => {
    await fill(page, ORDER);
    await page.getByText('Valid: 1 order').waitFor();
    const before = page.url();
    await signIn(page);
    await page.getByText('trader@example.com').waitFor();
    assert.equal(page.url(), before);
    assert.match(await editorText(page), /"record_id": "a"/);
    await assertNothingKept(page);
    await page.getByRole('button', { name: 'Submit 1 order' }).click();
    await page.getByText('1 order stored').waitFor();
    await assertNothingKept(page);
    await assertAccessible(page, 'signed in');
    assert.ok(issuer.requests.includes('POST /token'));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).first().waitFor();
    assert.ok(issuer.requests.includes('GET /logout'));
  }));

test('a text that would be lost with the redirect stops the sign-in', () =>
  withIssuer(async ({ page, issuer }) => {
    await fill(page, ORDER);
    await page.evaluate(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException('full', 'QuotaExceededError');
      };
    });
    await page.getByRole('button', { name: 'Sign in' }).first().click();
    await page.getByText(/Sign-in failed: the text is too long to be kept/).waitFor();
    assert.match(await editorText(page), /"record_id": "a"/);
    assert.ok(!issuer.requests.some((request) => request.startsWith('GET /authorize')));
  }));

test('the address of a day survives the redirect', () =>
  withIssuer(async ({ page }) => {
    await page.getByText('Sign in to see results.').waitFor();
    await signIn(page);
    await page.getByRole('heading', { name: 'Sunday, 22 November 2026' }).waitFor();
    await page.getByText('No results on this day').waitFor();
    assert.equal(new URL(page.url()).search, '');
  }, { hash: '#results/2026-11-22' }));

test('the token is asked for the configured audience', () =>
  withIssuer(
    async ({ page, issuer }) => {
      issuer.audience = 'elsewhere';
      await fill(page, ORDER);
      await signIn(page);
      await page.getByRole('button', { name: 'Submit 1 order' }).click();
      await page.getByText('1 order stored').waitFor();
    },
    { audience: 'console' },
  ));

for (const [name, change] of [
  ['an expired token', (issuer: Issuer) => void (issuer.lifetime = -10)],
  ['a token for another audience', (issuer: Issuer) => void (issuer.audience = 'elsewhere')],
  ['a token of another issuer', (issuer: Issuer) => void (issuer.namedIssuer = 'https://elsewhere.example.com')],
] as const) {
  test(`${name} is explained, and signing in again works`, () =>
    withIssuer(async ({ page, issuer }) => {
      change(issuer);
      await fill(page, ORDER);
      await signIn(page);
      await page.getByText('trader@example.com').waitFor();
      await page.getByRole('button', { name: 'Submit 1 order' }).click();
      await page.getByRole('alert').getByText('The API refused this sign-in (401)').waitFor();
      issuer.lifetime = 3600;
      issuer.audience = 'console';
      issuer.namedIssuer = null;
      await signIn(page);
      await page.getByRole('button', { name: 'Submit 1 order' }).click();
      await page.getByText('1 order stored').waitFor();
    }));
}

test('a denied sign-in shows the reason of the issuer', () =>
  withIssuer(async ({ page, issuer }) => {
    issuer.denies = true;
    await signIn(page);
    await page.getByRole('alert').getByText('not on the list').waitFor();
    await assertNothingKept(page);
  }));

test('an unsolicited authorization response is refused', () =>
  withIssuer(async ({ page, site }) => {
    await page.goto(`${site.url}?code=stolen&state=unknown`);
    await page.getByRole('alert').getByText('Sign-in failed').waitFor();
    assert.equal(page.url(), site.url);
  }));

test('a token is renewed before it expires where the issuer gives a refresh token', () =>
  withIssuer(async ({ page, issuer }) => {
    issuer.hasRefresh = true;
    // A token is renewed a minute before it expires.
    issuer.expiresIn = 62;
    await fill(page, ORDER);
    await signIn(page);
    await page.getByText('trader@example.com').waitFor();
    issuer.expiresIn = null;
    await page.waitForResponse(`${issuer.url}/token`);
    await page.getByRole('button', { name: 'Submit 1 order' }).click();
    await page.getByText('1 order stored').waitFor();
    await assertNothingKept(page);
  }));

test('an expired sign-in keeps the text and asks to sign in again', () =>
  withIssuer(async ({ page, issuer }) => {
    issuer.expiresIn = 2;
    await fill(page, ORDER);
    await signIn(page);
    await page.getByRole('alert').getByText('The sign-in has expired.').waitFor();
    await page.getByText('Valid: 1 order').waitFor();
    await page.getByText('Sign in to submit.').waitFor();
  }));
