// The example against a running service, by clicks only: `GRIDBID_CONSOLE_URL=http://127.0.0.1:PORT/ npm run test:system`.
//
// GRIDBID_RUN_COMMAND starts a results run and waits for its end; a shell in the repository's root runs it with the slot in
// GRIDBID_SLOT, such as `cargo xtask run --slot "$GRIDBID_SLOT"`. Without it the test waits for the schedule.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import { launch } from '../support/browser.ts';
import { editor, fill } from '../support/page.ts';

const URL_NAME = 'GRIDBID_CONSOLE_URL';
const address = process.env[URL_NAME];
/** Milliseconds that the service may take: to submit an order, and to finish a run. */
const PATIENCE = 120_000;
/** Enough orders for a platform that draws outcomes at random to accept some and reject some: two pages of the list. */
const COUNT = 40;
const PAGE = 20;
/** Milliseconds between two slots of the auction. */
const PERIOD = 300_000;
/** Milliseconds before the end of a slot in which orders may be submitted to the next one. */
const MARGIN = 30_000;

test('orders are corrected, submitted, and found in the results', { timeout: 600_000 }, async () => {
  assert.ok(address, `${URL_NAME} must name the console of a running service`);
  const prefix = `console-${Date.now().toString(36)}`;
  const ids = Array.from({ length: COUNT }, (_, at) => `${prefix}-${at}`);
  const orders = `[\n${ids.map((id, at) => `  {"record_id": "${id}", "parameter_1": "from the console", "parameter_2": ${at}.10}`).join(',\n')}\n]`;

  const browser = await launch();
  try {
    const page = await browser.newPage({ locale: 'en-GB' });
    page.setDefaultTimeout(30_000);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
      );
    });
    page.on('console', (message) => {
      if (message.text().startsWith('policy: ')) errors.push(message.text());
    });
    await page.goto(address);

    // An order is broken, shown at its line, and corrected.
    await fill(page, orders.replace('"parameter_2": 3.10', '"parameter_2": "3.10"'));
    await page.getByText(/1 violation$/).waitFor();
    await page
      .getByRole('list', { name: 'Violations' })
      .getByRole('button', { name: /Line 5.*must be a number/ })
      .click();
    await page.keyboard.type('3.10');
    await page.getByText(`Valid: ${COUNT} orders`).waitFor();

    // They are stored, and the platform receives all of them for one slot.
    const left = PERIOD - (Date.now() % PERIOD);
    if (left < MARGIN) await setTimeout(left);
    await page.getByRole('button', { name: `Submit ${COUNT} orders` }).click();
    await page.getByText(`${COUNT} orders stored`, { exact: true }).waitFor();
    const list = page.getByRole('region', { name: 'List of submitted orders' });
    await list.getByText('stored').first().waitFor();
    const row = list.getByRole('row', { name: new RegExp(`${ids[0]}\\b`) });
    const link = row.getByRole('link', { name: /^slot / });
    const submitted = list.locator('tbody tr').filter({ hasText: 'submitted' });
    for (const other of ['Older', 'Newer']) {
      await submitted.nth(PAGE - 1).waitFor({ timeout: PATIENCE });
      await page.getByRole('button', { name: other }).click();
    }
    await row.waitFor();
    const target = await link.getAttribute('href');
    assert.match(target ?? '', /^#results\//);
    const slot = (target ?? '').split('/')[2] ?? '';

    const command = process.env['GRIDBID_RUN_COMMAND'];
    if (command !== undefined)
      await promisify(execFile)('sh', ['-c', command], {
        cwd: '..',
        env: { ...process.env, GRIDBID_SLOT: slot },
        timeout: PATIENCE,
      });

    // The run's results name these orders.
    await link.click();
    const detail = page.getByRole('region', { name: /^Slot / });
    await detail.getByText(/\d accepted/).waitFor({ timeout: 10 * 60_000 });
    await detail.getByPlaceholder('record_id contains').fill(prefix);
    await detail.getByRole('button', { name: 'Find' }).click();
    await detail.getByText(new RegExp(`^${COUNT} matches`)).waitFor();
    const rows = await detail.locator('tbody tr').allInnerTexts();
    assert.deepEqual(rows.map((text) => /console-\w+-\d+/.exec(text)?.[0] ?? '').sort(), [...ids].sort());
    assert.ok(rows.every((text) => text.includes('yours')));
    assert.ok(
      rows.some((text) => text.includes('accepted')),
      'no order was accepted',
    );
    const rejected = rows.filter((text) => text.includes('rejected'));
    assert.ok(rejected.length > 0, 'no order was rejected');
    // A reason follows the power, which a rejected order does not have.
    for (const text of rejected) assert.match(text, /–\s+\S+/);

    // The day's chart and list have the slot.
    await page.locator('.u-over').waitFor();
    await page.getByRole('region', { name: 'List of slots' }).getByText('done').first().waitFor();
    await page.getByRole('link', { name: 'Orders' }).click();
    await editor(page).waitFor();
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
  }
});
