// The results view in a real browser, against the fake API.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ResultOrder } from '../../src/api/contract.ts';
import { fill } from '../support/page.ts';
import { assertAccessible, inPage } from '../support/session.ts';

const DAY = '2026-11-22';
const TODAY = new Date().toISOString().slice(0, 10);
const hash = `#results/${DAY}`;
const two: readonly ResultOrder[] = [
  { position: 0, outcome: 'accepted', record_id: 'unique_id_1', power: '2.10' },
  { position: 1, outcome: 'rejected', record_id: 'unique_id_2', reason: 'price too high' },
  { position: 2, outcome: 'failed', code: 'unknown_status', reason: 'neither accepted nor rejected' },
];

test('a day shows its totals, its slots and its chart', () =>
  inPage(
    async ({ page }) => {
      await page.getByRole('heading', { name: 'Sunday, 22 November 2026' }).waitFor();
      const total = async (name: string) =>
        (await page.locator('.total', { hasText: name }).first().locator('dd').first().innerText()).trim();
      assert.deepEqual(
        [
          await total('Orders'),
          await total('Accepted'),
          await total('Rejected'),
          await total('Failed'),
          await total('Acceptance'),
          await total('Total power'),
        ],
        ['3', '1', '1', '1', '33.3 %', '2.1'],
      );
      await page.locator('.u-over').waitFor();
      assert.equal(await page.locator('.slot-list tbody tr').count(), 2);
      await page.getByRole('combobox', { name: /^Show/ }).selectOption('All');
      assert.equal(await page.locator('.slot-list tbody tr').count(), 3);
    },
    {
      hash,
      prepare: ({ api }) => {
        api.addSlot(`${DAY}T07:05:00Z`, two);
        api.addOpenSlot({ slot: `${DAY}T07:10:00Z`, status: 'missing' });
        api.addOpenSlot({
          slot: `${DAY}T07:15:00Z`,
          status: 'running',
          attempt: 1,
          polls: 2,
          started_at: `${DAY}T07:15:01Z`,
        });
      },
    },
  ));

test('a slot opens by keyboard and by click, with orders, reasons and timeline', () =>
  inPage(
    async ({ page }) => {
      const chart = page.getByRole('slider', { name: /Slots of the day/ });
      await page.locator('.u-over').waitFor();
      await chart.focus();
      await page.keyboard.press('End');
      assert.match((await chart.getAttribute('aria-valuetext')) ?? '', /^07:10 UTC: done, 1 accepted/);
      await page.keyboard.press('ArrowLeft');
      assert.match(
        (await chart.getAttribute('aria-valuetext')) ?? '',
        /^07:05 UTC: done, 1 accepted, 1 rejected, 1 failed, power 2.1/,
      );
      await page.keyboard.press('Enter');
      const slot = page.getByRole('region', { name: /Slot 07:05 UTC/ });
      await slot.getByText('price too high').waitFor();
      await slot.getByText('unknown_status').waitFor();
      assert.equal(await slot.getByText('2.10').count(), 1);
      assert.match(
        (await slot.getByRole('list', { name: 'Timeline' }).innerText()).replaceAll(/\s+/g, ' '),
        /07:05:00 slot 07:05:02 started, 2.0 s later \(attempt 2\) 4 polls 3 waits 07:08:10 done, took 3 min 8 s/,
      );
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'slot-title');
      await page.goBack();
      await slot.waitFor({ state: 'detached' });
      await page.locator('.u-over').click({ position: { x: 5, y: 50 } });
      await page.waitForTimeout(200);
      const box = (await page.locator('.u-over').boundingBox()) ?? { width: 0, height: 0 };
      // One hour is shown that ends at 07:30: 07:07 is at 37 of 60 minutes.
      await page.locator('.u-over').click({ position: { x: (box.width * 37) / 60, y: box.height / 2 } });
      await slot.waitFor();
      await slot.getByRole('button', { name: 'Close' }).click();
      await slot.waitFor({ state: 'detached' });
    },
    {
      hash,
      prepare: ({ api }) => {
        api.addSlot(`${DAY}T07:05:00Z`, two, { attempt: 2, polls: 4 });
        api.addSlot(`${DAY}T07:10:00Z`, two.slice(0, 1));
      },
    },
  ));

test('orders of this tab are marked in a slot', () =>
  inPage(async ({ page, site }) => {
    site.api.addSlot(`${DAY}T07:05:00Z`, two);
    await fill(page, '[{"record_id": "unique_id_2", "parameter_1": "x", "parameter_2": 1}]');
    await page.getByRole('button', { name: 'Submit 1 order' }).click();
    await page.getByText('1 order stored').waitFor();
    await page.goto(`${site.url}#results/${DAY}/${DAY}T07:05:00Z`);
    await page
      .getByRole('row', { name: /unique_id_2/ })
      .getByText('yours')
      .waitFor();
    assert.equal(await page.getByText('yours').count(), 1);
  }));

test('a slot of 100,000 orders is paged and searched', () =>
  inPage(
    async ({ page, site }) => {
      const slot = page.getByRole('region', { name: /Slot 07:05 UTC/ });
      await slot.getByText('1–100 of 100,000 orders').waitFor();
      await slot.getByRole('button', { name: 'Next' }).click();
      await slot.getByText('101–200 of 100,000 orders').waitFor();
      assert.match(await slot.locator('tbody tr').first().innerText(), /101\s+bid-100\b/);
      await slot.getByRole('button', { name: 'Previous' }).click();
      await slot.getByText('1–100 of 100,000 orders').waitFor();
      await slot.getByLabel('Outcome').selectOption('rejected');
      await slot.getByText('100 matches in 100,000 of 100,000 orders').waitFor({ timeout: 60_000 });
      assert.equal(await slot.locator('tbody tr').count(), 100);
      await slot.getByPlaceholder('record_id contains').fill('bid-99999');
      await slot.getByLabel('Outcome').selectOption('');
      await slot.getByText('1 match in 100,000 of 100,000 orders').waitFor({ timeout: 60_000 });
      await slot.getByRole('button', { name: 'Show all' }).click();
      await slot.getByText('1–100 of 100,000 orders').waitFor();
      assert.ok(site.api.requests.length < 300);
    },
    {
      hash: `${hash}/${DAY}T07:05:00Z`,
      prepare: ({ api }) =>
        api.addSlot(
          `${DAY}T07:05:00Z`,
          Array.from({ length: 100_000 }, (_, position): ResultOrder =>
            position % 1000 === 7
              ? { position, outcome: 'rejected', record_id: `bid-${position}`, reason: 'price too high' }
              : { position, outcome: 'accepted', record_id: `bid-${position}`, power: '1' },
          ),
        ),
    },
  ));

test('a day of 288 slots can be walked and zoomed', () =>
  inPage(
    async ({ page }) => {
      await page.locator('.u-over').waitFor();
      assert.equal(await page.getByRole('button', { name: '24 h' }).getAttribute('aria-pressed'), 'true');
      await page.getByRole('combobox', { name: /^Show/ }).selectOption('All');
      assert.equal(await page.locator('.slot-list tbody tr').count(), 288);
      await page.getByRole('combobox', { name: /^Show/ }).selectOption('With failures');
      assert.ok((await page.locator('.slot-list tbody tr').count()) < 60);
      await page.getByRole('button', { name: '1 h', exact: true }).click();
      const chart = page.getByRole('slider', { name: /Slots of the day/ });
      await chart.focus();
      await page.keyboard.press('Home');
      assert.match((await chart.getAttribute('aria-valuetext')) ?? '', /^00:00 UTC/);
      for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press('PageUp');
      assert.match((await chart.getAttribute('aria-valuetext')) ?? '', /^03:00 UTC/);
    },
    { hash, prepare: ({ api }) => api.fillDay(DAY) },
  ));

test('days are changed by button, date and address; an empty day says so', () =>
  inPage(
    async ({ page }) => {
      await page.getByText('No results on this day').waitFor();
      await page.getByRole('button', { name: 'Previous day' }).click();
      await page.getByRole('heading', { name: 'Saturday, 21 November 2026' }).waitFor();
      await page.getByRole('button', { name: 'Next day' }).click();
      await page.getByRole('heading', { name: 'Sunday, 22 November 2026' }).waitFor();
      await page.getByLabel('Day (UTC)').fill('2026-02-28');
      await page.getByRole('heading', { name: 'Saturday, 28 February 2026' }).waitFor();
      assert.equal(new URL(page.url()).hash, '#results/2026-02-28');
      await page.getByRole('button', { name: 'Today' }).click();
      await page.getByText('No results on this day yet').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Next day' }).isDisabled(), true);
    },
    { hash },
  ));

test('today refreshes automatically, and keeps its data while the API is away', () =>
  inPage(
    async ({ page, site }) => {
      const refresh = () => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
      await page.locator('.slot-list').getByText('running').waitFor();
      site.api.addSlot(`${TODAY}T00:00:00Z`, two);
      await refresh();
      await page.locator('.slot-list').getByText('done').waitFor();
      site.api.isAway = true;
      await refresh();
      await page.getByText('The API does not answer. The data below is from the last update.').waitFor();
      assert.equal(await page.locator('.slot-list tbody tr').count(), 1);
      site.api.isAway = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('The API does not answer').waitFor({ state: 'detached' });
    },
    {
      hash: '#results',
      prepare: ({ api }) =>
        api.addOpenSlot({
          slot: `${TODAY}T00:00:00Z`,
          status: 'running',
          attempt: 1,
          polls: 1,
          started_at: `${TODAY}T00:00:01Z`,
        }),
    },
  ));

test('an API that is away from the start can be tried again', () =>
  inPage(
    async ({ page, site }) => {
      await page.getByText('The API does not answer.').waitFor();
      site.api.isAway = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('No results on this day').waitFor();
    },
    { hash, prepare: ({ api }) => void (api.isAway = true) },
  ));

test('a slot whose run has not begun appears when it has', () =>
  inPage(
    async ({ page, site }) => {
      await page.getByText('No run is known for this slot yet.').waitFor();
      site.api.addOpenSlot({
        slot: `${TODAY}T00:05:00Z`,
        status: 'running',
        attempt: 1,
        polls: 1,
        started_at: `${TODAY}T00:05:01Z`,
      });
      await page.getByText('The auction has not answered yet.').waitFor();
      site.api.addSlot(`${TODAY}T00:05:00Z`, two);
      await page.locator('.slot-detail').getByText('price too high').waitFor();
    },
    { hash: `#results/${TODAY}/${TODAY}T00:05:00Z` },
  ));

test('a slot that nothing is known of, a failed slot and unreadable summaries are explained', () =>
  inPage(
    async ({ page, site }) => {
      await page.getByText('This slot has no run: it is missing.').waitFor();
      await page.getByText('1 stored summary cannot be read').waitFor();
      await page.goto(`${site.url}${hash}/${DAY}T07:10:00Z`);
      await page.locator('.slot-detail').getByText('DeadlinePassed: no results after 7 polls').waitFor();
    },
    {
      hash: `${hash}/${DAY}T07:05:00Z`,
      prepare: ({ api }) => {
        api.unreadable = [`summaries/${DAY}/x.json`];
        api.addOpenSlot({ slot: `${DAY}T07:05:00Z`, status: 'missing' });
        api.addOpenSlot({
          slot: `${DAY}T07:10:00Z`,
          status: 'failed',
          attempt: 1,
          polls: 7,
          started_at: `${DAY}T07:10:01Z`,
          done_at: `${DAY}T07:14:01Z`,
          problem: 'DeadlinePassed: no results after 7 polls',
        });
      },
    },
  ));

test('axe finds nothing in any state, light and dark', () =>
  inPage(
    async ({ page, site }) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.goto(`${site.url}#orders`);
        await assertAccessible(page, `orders, ${colorScheme}`);
        await fill(page, '[{"record_id": "a", "parameter_1": "", "parameter_2": 1},\n {"x": 1}]');
        await page.getByText('5 violations').waitFor();
        await assertAccessible(page, `violations, ${colorScheme}`);
        site.api.faults.push({
          status: 409,
          body: { title: 'conflict', detail: 'conflict', conflicts: [{ index: 0, record_id: 'a' }] },
        });
        await fill(page, '[{"record_id": "a", "parameter_1": "x", "parameter_2": 1}]');
        await page.getByRole('button', { name: 'Submit 1 order' }).click();
        await page.getByRole('group', { name: 'Orders that were not stored' }).waitFor();
        await assertAccessible(page, `conflict, ${colorScheme}`);
        await page.getByRole('button', { name: 'Submit 1 order' }).click();
        await page.getByText('pending').first().waitFor();
        await assertAccessible(page, `submitted, ${colorScheme}`);
        await page.goto(`${site.url}${hash}/${DAY}T07:05:00Z`);
        await page.locator('.slot-detail').getByText('price too high').first().waitFor();
        await page.locator('.u-over').waitFor();
        await assertAccessible(page, `slot, ${colorScheme}`);
        await page.goto(`${site.url}#results/2026-11-01`);
        await page.getByText('No results on this day').waitFor();
        await assertAccessible(page, `empty day, ${colorScheme}`);
      }
    },
    {
      hash,
      prepare: ({ api }) => {
        api.fillDay(DAY);
        api.addSlot(`${DAY}T07:05:00Z`, two);
      },
    },
  ));

test('a narrow page does not scroll sideways', () =>
  inPage(
    async ({ page, site }) => {
      await page.setViewportSize({ width: 360, height: 740 });
      for (const to of ['#orders', `${hash}/${DAY}T07:05:00Z`]) {
        await page.goto(site.url + to);
        await page.waitForTimeout(500);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, to);
      }
    },
    { hash, prepare: ({ api }) => api.fillDay(DAY) },
  ));
