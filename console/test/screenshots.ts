/**
 * Screenshots of the page's states, wide and narrow, light and dark, and the one of the README:
 * `npm run screenshots [NAME…]`.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

import { launch } from './support/browser.ts';
import { editorText, fill } from './support/page.ts';
import { startSite, type Site } from './support/site.ts';

const FOLDER = 'screenshots';
const TODAY = new Date().toISOString().slice(0, 10);

interface State {
  readonly name: string;
  readonly issuer?: string;
  readonly prepare?: (site: Site) => void;
  readonly show: (page: Page, site: Site) => Promise<void>;
}

const INVALID = `[
  {"record_id": "unique_id_1", "parameter_1": "abc", "parameter_2": 4},
  {"record_id": "unique_id_1", "parameter_1": "", "parameter_2": "2.1"},
  {"record_id": "unique_id_3", "parameter_1": "def", "parameter_2": 0.123456789012345678901234567890123456789},
  {"record_id": "-x", "parameter_1": "def", "parameter_2": 2.1, "price": 3}
]
`;

const README_ORDERS = `[
  {"record_id": "north-0705", "parameter_1": "wind", "parameter_2": 4.10},
  {"record_id": "south-0705", "parameter_1": "solar", "parameter_2": 2.1},
  {"record_id": "north-0705", "parameter_1": "wind", "parameter_2": "7.25"},
  {"record_id": "east-0705", "parameter_2": 1e2}
]
`;

const example = async (page: Page) => {
  await page.getByRole('button', { name: 'Example' }).click();
  await page.getByText('Valid: 2 orders').waitFor();
};

const submitExample = async (page: Page) => {
  await example(page);
  await page.getByRole('button', { name: 'Submit 2 orders' }).click();
  await page.getByText('2 orders stored').waitFor();
};

const results = async (page: Page) => {
  await page.getByRole('link', { name: 'Results' }).click();
  await page.locator('.u-over').waitFor();
};

const states: readonly State[] = [
  { name: 'orders-empty', show: async () => undefined },
  { name: 'orders-valid', show: example },
  {
    name: 'orders-violations',
    show: async (page) => {
      await fill(page, INVALID);
      await page.getByText('6 violations').waitFor();
      await page.getByText('Line 3').first().click();
    },
  },
  {
    name: 'orders-submitted',
    prepare: ({ api }) => {
      api.submission = { status: 'submitted', at: `${TODAY}T07:01:02Z`, slot: `${TODAY}T07:05:00Z` };
    },
    show: async (page) => {
      await submitExample(page);
      await page.getByText('submitted', { exact: true }).first().waitFor();
    },
  },
  {
    name: 'orders-conflict',
    prepare: ({ api }) => {
      api.orders.set('unique_id_2', {
        record_id: 'unique_id_2',
        parameter_1: 'other',
        parameter_2: '1',
        accepted_at: `${TODAY}T06:00:00Z`,
        expires_at: `${TODAY}T23:59:00Z`,
      });
    },
    show: async (page) => {
      await example(page);
      await page.getByRole('button', { name: 'Submit 2 orders' }).click();
      await page.getByText('not stored').first().waitFor();
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'orders-busy',
    prepare: ({ api }) => {
      api.faults.push({ status: 503, retryAfter: '20' });
    },
    show: async (page) => {
      await fill(
        page,
        `[${Array.from({ length: 1234 }, (_, at) => `{"record_id": "bid-${at}", "parameter_1": "x", "parameter_2": ${at}.5}`).join(',\n  ')}]`,
      );
      await page.getByRole('button', { name: 'Submit 1,234 orders' }).click();
      await page.getByText('next attempt').waitFor();
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'results-empty',
    show: async (page) =>
      void (
        await page.getByRole('link', { name: 'Results' }).click(),
        await page.getByText('No results on this day').waitFor()
      ),
  },
  { name: 'results-day', prepare: ({ api }) => api.fillDay(TODAY, 288), show: results },
  {
    name: 'results-few',
    prepare: ({ api }) => {
      for (let at = 0; at < 90; at += 1)
        api.addOpenSlot({
          slot: `${new Date(Date.parse(`${TODAY}T00:00:00Z`) + at * 300_000).toISOString().slice(0, 19)}Z`,
          status: 'missing',
        });
      api.addSlot(`${TODAY}T07:05:00Z`, [
        { position: 0, outcome: 'accepted', record_id: 'unique_id_1', power: '2.1' },
        { position: 1, outcome: 'rejected', record_id: 'unique_id_2', reason: 'price too high' },
      ]);
      api.addSlot(`${TODAY}T07:10:00Z`, [{ position: 0, outcome: 'accepted', record_id: 'unique_id_3', power: '1.4' }]);
      api.addOpenSlot({
        slot: `${TODAY}T07:15:00Z`,
        status: 'running',
        attempt: 1,
        polls: 2,
        started_at: `${TODAY}T07:15:01Z`,
      });
    },
    show: results,
  },
  {
    name: 'results-slot',
    prepare: ({ api }) => api.fillDay(TODAY, 200),
    show: async (page) => {
      await results(page);
      await page.locator('.slot-list tbody button').nth(5).click();
      await page.locator('.slot-detail table').waitFor();
    },
  },
  {
    name: 'results-away',
    prepare: ({ api }) => api.fillDay(TODAY, 120),
    show: async (page, { api }) => {
      await results(page);
      api.isAway = true;
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
      await page.getByText('does not answer').waitFor({ timeout: 20_000 });
    },
  },
];

const signedOut: State = {
  name: 'signed-out',
  issuer: 'https://issuer.example.com',
  show: async (page) => {
    await fill(page, '[{"record_id": "a", "parameter_1": "x", "parameter_2": 1}]');
    await page.getByText('Sign in to submit').waitFor();
    await page.evaluate(() => (location.hash = '#results'));
    await page.getByText('Sign in to see results').waitFor();
  },
};

/** The picture in the README. */
const readme: State = {
  name: 'readme',
  show: async (page) => {
    await fill(page, README_ORDERS);
    await page.getByText('3 violations').waitFor();
    await page.getByText('Line 4').first().click();
  },
};

interface Shot {
  readonly path: string;
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme: 'light' | 'dark';
  readonly scale: number;
  readonly fullPage: boolean;
}

function shotsOf({ name }: State): Shot[] {
  if (name === readme.name)
    return [
      {
        path: '../docs/console.png',
        viewport: { width: 1200, height: 540 },
        colorScheme: 'light',
        scale: 1,
        fullPage: false,
      },
    ];
  return (['light', 'dark'] as const).flatMap((colorScheme) => [
    {
      path: join(FOLDER, `${name}-wide-${colorScheme}.png`),
      viewport: { width: 1360, height: 900 },
      colorScheme,
      scale: 1,
      fullPage: false,
    },
    {
      path: join(FOLDER, `${name}-phone-${colorScheme}.png`),
      viewport: { width: 390, height: 844 },
      colorScheme,
      scale: 2,
      fullPage: true,
    },
  ]);
}

const wanted = process.argv.slice(2).filter((name) => !name.endsWith('.mjs'));
mkdirSync(FOLDER, { recursive: true });
const browser = await launch();
try {
  for (const state of [...states, signedOut, readme]) {
    if (wanted.length > 0 && !wanted.includes(state.name)) continue;
    for (const { path, viewport, colorScheme, scale, fullPage } of shotsOf(state)) {
      const site = await startSite({
        environment: state.issuer === undefined ? 'local' : 'prod',
        ...(state.issuer === undefined ? {} : { issuer: state.issuer }),
      });
      state.prepare?.(site);
      const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: scale });
      const page = await context.newPage();
      page.on(
        'console',
        (message) => message.type() === 'error' && console.error(`${state.name}: ${message.text()}`),
      );
      page.on('pageerror', (error) => console.error(`${state.name}: ${error.stack ?? error.message}`));
      await page.goto(site.url);
      await editorText(page);
      await state.show(page, site);
      await page.waitForTimeout(250);
      await page.screenshot({ path, fullPage });
      console.log(path);
      await context.close();
      await site.close();
    }
  }
} finally {
  await browser.close();
}
