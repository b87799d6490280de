/** A site and a page of a test, and what must hold for every page. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';

import type { Browser, BrowserContext, Page } from 'playwright-core';

import { launch } from './browser.ts';
import { startSite, type Site, type SiteOptions } from './site.ts';

/** Milliseconds that a test waits for something to appear. */
const PATIENCE = 30_000;

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

export interface Session {
  readonly site: Site;
  readonly page: Page;
  readonly context: BrowserContext;
}

/**
 * Runs a test in a new page. Afterwards there must be no error in the page, no violation of its policy, and no request
 * to another origin than its own and those allowed.
 */
export async function inPage(
  run: (session: Session) => Promise<void>,
  {
    hash = '',
    allowed = [],
    ...options
  }: SiteOptions & {
    readonly hash?: string;
    readonly allowed?: readonly string[];
    readonly authorize?: (token: string | null) => string | null;
    readonly prepare?: (site: Site) => void;
  } = {},
): Promise<void> {
  const site = await startSite(options);
  if (options.authorize !== undefined) site.api.authorize = options.authorize;
  options.prepare?.(site);
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'blob:' && origin !== new URL(site.url).origin && !allowed.includes(origin))
      errors.push(`foreign request: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  try {
    await page.goto(site.url + hash);
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
    await run({ site, page, context });
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
    await site.close();
  }
}

const axeSource = (): string =>
  readFileSync(createRequire(`${process.cwd()}/package.json`).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Checks the page with axe: nothing of any impact may be found. */
export async function assertAccessible(page: Page, state: string): Promise<void> {
  // The page's policy forbids scripts that it does not serve, so axe is evaluated through the debugger.
  await page.evaluate(axeSource());
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeResult[] }> } };
    return (await axe.run()).violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html}\n${failureSummary}`),
    }));
  });
  assert.deepEqual(found, [], `axe in the state ${state}`);
}
