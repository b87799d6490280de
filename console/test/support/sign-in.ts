/** Signing in at the issuer of a test. */

import assert from 'node:assert/strict';

import type { Page } from 'playwright-core';

export async function signIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).first().click();
  await page.getByRole('link', { name: 'Continue as trader' }).click();
}

/** No part of a token, code or verifier may be in web storage, cookies, the address or the history state. */
export async function assertNothingKept(page: Page): Promise<void> {
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state]),
  );
  assert.doesNotMatch(kept, /eyJ|code=|verifier|access_token|oidc/);
}
