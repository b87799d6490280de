// The orders view in a real browser, against the fake API.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { editor, editorText, fill, paste, withFile } from '../support/page.ts';
import { inPage } from '../support/session.ts';

const EXAMPLE = `[
  {"record_id": "unique_id_1", "parameter_1": "abc", "parameter_2": 4},
  {"record_id": "unique_id_2", "parameter_1": "def", "parameter_2": 2.1}
]`;
const many = (count: number): string =>
  `[${Array.from({ length: count }, (_, at) => `{"record_id": "bid-${at}", "parameter_1": "x", "parameter_2": ${at}.50}`).join(',\n')}]`;

test('orders are pasted, corrected and submitted', () =>
  inPage(async ({ page, site }) => {
    await fill(page, EXAMPLE.replace('2.1', '"2.1"').replace('"abc"', '""'));
    await page.getByText('2 violations').waitFor();
    const items = page.getByRole('list', { name: 'Violations' }).getByRole('button');
    assert.deepEqual(await items.allInnerTexts().then((texts) => texts.map((text) => text.split('\n')[0])), [
      'Line 2',
      'Line 3',
    ]);
    assert.equal(await page.getByRole('button', { name: 'Submit', exact: true }).isDisabled(), true);
    assert.deepEqual(await page.locator('.cm-mark').allInnerTexts(), ['""', '"2.1"']);

    // The place is selected, so typing replaces the wrong value.
    await items.nth(1).click();
    await page.keyboard.type('2.1');
    await items.nth(0).click();
    await page.keyboard.insertText('"abc"');
    await page.getByText('Valid: 2 orders').waitFor();
    assert.equal(await page.locator('.cm-mark').count(), 0);

    await page.getByRole('button', { name: 'Submit 2 orders' }).click();
    await page.getByText('2 orders stored', { exact: true }).waitFor();
    const rows = page.getByRole('region', { name: 'List of submitted orders' }).locator('tbody tr');
    await rows.first().getByText('pending').waitFor();
    assert.deepEqual(await rows.locator('code').allInnerTexts(), ['unique_id_1', 'unique_id_2']);
    assert.match((await rows.first().innerText()).replaceAll(/\s+/g, ' '), /23 h 59 min|24 h|1 d/);
    assert.equal(site.api.orders.get('unique_id_2')?.parameter_2, '2.1');
  }));

test('the list of submitted orders follows the platform and survives a reload', () =>
  inPage(async ({ page, site }) => {
    await page.getByRole('button', { name: 'Example' }).click();
    await page.getByRole('button', { name: 'Submit 2 orders' }).click();
    await page.getByText('2 orders stored', { exact: true }).waitFor();
    const [first, second] = [...site.api.orders.values()];
    assert.ok(first !== undefined && second !== undefined);
    site.api.orders.set(first.record_id, {
      ...first,
      submission: { status: 'submitted', at: '2026-11-22T07:01:02Z', slot: '2026-11-22T07:05:00Z' },
    });
    site.api.orders.set(second.record_id, {
      ...second,
      submission: { status: 'refused', at: '2026-11-22T07:01:02Z', reason: 'gate closed' },
    });
    await page.waitForTimeout(500);
    await page.reload();
    await page.getByRole('link', { name: 'slot 07:05' }).waitFor();
    await page.getByText('gate closed').waitFor();
    site.api.orders.clear();
    await page.reload();
    await page.getByText('gone').first().waitFor();
    assert.equal(
      await page.evaluate(() => Object.keys(sessionStorage).join() + Object.keys(localStorage).join()),
      'gridbid.submitted',
    );
    await page.getByRole('button', { name: 'Forget the list' }).click();
    await page.getByText('Orders that you submit appear here').waitFor();
  }));

test('the keyboard alone checks and submits orders', () =>
  inPage(async ({ page, site }) => {
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to content');
    await page.keyboard.press('Enter');
    for (
      let presses = 0;
      presses < 10 && !(await editor(page).evaluate((element) => element.matches(':focus')));
      presses += 1
    )
      await page.keyboard.press('Tab');
    await page.keyboard.insertText(EXAMPLE.replace('"abc"', '""'));
    await page.getByText(/1 violation$/).waitFor();
    await page.keyboard.press('F8');
    await page.locator('.cursor-line').getByText('must not be empty or blank').waitFor();
    await page.keyboard.insertText('"abc"');
    await page.getByText('Valid: 2 orders').waitFor();
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByText('2 orders stored', { exact: true }).waitFor();
    assert.equal(site.api.orders.size, 2);
    // The editor is not a trap.
    await page.keyboard.press('Tab');
    assert.equal(await editor(page).evaluate((element) => element.matches(':focus')), false);
  }));

test('a table is converted with exact amounts, pasted or opened', () =>
  inPage(async ({ page }) => {
    const amount = '12345678901234567890.123456789012345678';
    await editor(page).click();
    await paste(page, `record_id\tparameter_1\tparameter_2\na\t"x ""y"""\t${amount}\n`);
    await page.getByText('was converted from a table').waitFor();
    assert.match(
      await editorText(page),
      new RegExp(`"parameter_1": "x \\\\"y\\\\"", "parameter_2": ${amount.replace('.', '\\.')}`),
    );
    await page.getByText('Valid: 1 order').waitFor();
    const open = (name: string, text: string) =>
      page.getByLabel('File with orders').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
    await open('orders.csv', 'record_id;parameter_1;parameter_2\r\nb;"x;y";2.10\r\nc;z;\r\n');
    await page.getByText(/1 violation$/).waitFor();
    await page.getByText('Line 3').waitFor();
    await open('broken.csv', 'record_id,parameter_1,parameter_2\na,x,1,2\n');
    await page.getByRole('alert').getByText('line 2 has 4 fields, the header has 3').waitFor();
    await open('orders.json', EXAMPLE);
    await page.getByText('Valid: 2 orders').waitFor();
  }));

test('a file can be dropped', () =>
  inPage(async ({ page }) => {
    const transfer = await page.evaluateHandle((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], 'orders.json'));
      return data;
    }, EXAMPLE);
    await page.locator('.editor-pane').dispatchEvent('dragover', { dataTransfer: transfer });
    await page.getByText('Drop the file to open it').waitFor();
    await page.locator('.editor-pane').dispatchEvent('drop', { dataTransfer: transfer });
    await page.getByText('Valid: 2 orders').waitFor();
  }));

test('a conflict is shown at its order, and correcting it submits the rest', () =>
  inPage(async ({ page, site }) => {
    site.api.orders.set('unique_id_2', {
      record_id: 'unique_id_2',
      parameter_1: 'other',
      parameter_2: '1',
      accepted_at: '2026-11-22T06:00:00Z',
      expires_at: '2099-11-22T06:00:00Z',
    });
    await fill(page, EXAMPLE);
    await page.getByRole('button', { name: 'Submit 2 orders' }).click();
    await page.getByText('0 of 2 orders stored').waitFor();
    await page
      .getByRole('group', { name: 'Orders that were not stored' })
      .getByRole('button', { name: 'Line 3' })
      .click();
    assert.deepEqual(await page.locator('.cm-mark-api').allInnerTexts(), ['"unique_id_2"']);
    await page.keyboard.insertText('"unique_id_3"');
    await page.getByText('Not in the text').waitFor();
    await page.getByRole('button', { name: 'Submit 2 orders' }).click();
    await page.getByText('2 orders stored', { exact: true }).waitFor();
    assert.equal(await page.locator('.cm-mark-api').count(), 0);
  }));

test('a violation that only the API knows is shown at its order', () =>
  inPage(async ({ page, site }) => {
    site.api.faults.push({
      status: 400,
      body: {
        title: 'The orders are not valid',
        detail: 'new rule',
        total: 1,
        violations: [
          { index: 1, field: '/1/parameter_1', code: 'too_long', message: '`parameter_1` is too long since today' },
        ],
      },
    });
    await fill(page, EXAMPLE);
    await page.getByRole('button', { name: 'Submit 2 orders' }).click();
    await page.getByRole('button', { name: 'Line 3' }).getByText('is too long since today').waitFor();
  }));

test('a busy API is asked again after Retry-After', () =>
  inPage(async ({ page, site }) => {
    site.api.faults.push({ status: 503, retryAfter: '2' }, { status: 503, retryAfter: '2' });
    await fill(page, EXAMPLE);
    const start = Date.now();
    await page.getByRole('button', { name: 'Submit 2 orders' }).click();
    await page.getByText(/The API is busy: next attempt in [12] s\./).waitFor();
    await page.getByText('2 orders stored', { exact: true }).waitFor();
    assert.ok(Date.now() - start >= 4000);
    assert.equal(site.api.requests.filter((request) => request === 'POST /orders').length, 3);
  }));

test('many orders are posted in batches, stopped and resumed', () =>
  inPage(async ({ page, site }) => {
    await fill(page, many(1234));
    await page.getByText('Valid: 1,234 orders').waitFor();
    // Four batches are under way at a time: two rounds of 13 batches at most, until the stop.
    site.api.delay = 3000;
    await page.getByRole('button', { name: 'Submit 1,234 orders' }).click();
    await page.getByText(/00 of 1,234 orders/).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped').waitFor();
    assert.ok(site.api.orders.size < 1234);
    site.api.delay = 0;
    await page.getByRole('button', { name: /Resume with \d+ batches/ }).click();
    await page.getByText('1,234 orders stored').waitFor();
    assert.equal(site.api.orders.size, 1234);
    assert.equal(site.api.orders.get('bid-7')?.parameter_2, '7.5');
    await page.getByText('1–20 of 1,234 orders').waitFor();
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByText('21–40 of 1,234 orders').waitFor();
    await page.getByPlaceholder('Filter by record_id').fill('bid-1233');
    await page.getByText('1–1 of 1 order').waitFor();
    await page.getByRole('button', { name: 'Submit 1,234 orders' }).click();
    await page.getByText('1,234 of them were stored before').waitFor();
  }));

test('an API that stays away leaves a submission that can be resumed', () =>
  inPage(async ({ page, site }) => {
    await fill(page, EXAMPLE);
    await page.getByText('Valid: 2 orders').waitFor();
    site.api.isAway = true;
    await page.getByRole('button', { name: 'Submit 2 orders' }).click();
    await page.getByText('The API does not answer: next attempt').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    site.api.isAway = false;
    await page.getByRole('button', { name: 'Resume with 1 batch' }).click();
    await page.getByText('2 orders stored', { exact: true }).waitFor();
  }));

test('all violations of a large text are listed by page, and the visible ones are underlined', () =>
  inPage(async ({ page }) => {
    const text = many(20_000).replaceAll('"x"', '""');
    await page
      .getByLabel('File with orders')
      .setInputFiles({ name: 'orders.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await page.getByText('20,000 violations').waitFor();
    const items = page.getByRole('list', { name: 'Violations' }).getByRole('listitem');
    assert.equal(await items.count(), 100);
    await page.getByRole('button', { name: 'Show 100 more of 20,000' }).click();
    await items.nth(199).waitFor();
    assert.equal(await items.nth(150).locator('.line').innerText(), 'Line 151');
    await editor(page).click();
    await page.keyboard.press('ControlOrMeta+End');
    await page.locator('.cm-mark').last().waitFor();
    await page.keyboard.press('Shift+F8');
    await page.locator('.cursor-line').getByText('must not be empty').waitFor();
  }));

test('100,000 orders are checked without freezing the page', () =>
  inPage(async ({ page }) => {
    // One line, as `JSON.stringify` writes it.
    const text = JSON.stringify(
      Array.from({ length: 100_000 }, (_, at) => ({
        record_id: `bid-${at}`,
        parameter_1: 'some text',
        parameter_2: at,
      })),
    );
    await page.evaluate(() => {
      const longest = { value: 0, last: performance.now() };
      Object.assign(globalThis, { longest });
      setInterval(() => {
        const now = performance.now();
        longest.value = Math.max(longest.value, now - longest.last - 10);
        longest.last = now;
      }, 10);
    });
    await withFile('orders.json', text, async (path) => {
      await page.getByLabel('File with orders').setInputFiles(path);
      await page.getByText('Valid: 100,000 orders').waitFor({ timeout: 60_000 });
    });
    const longest = await page.evaluate(() => (globalThis as unknown as { longest: { value: number } }).longest.value);
    assert.ok(longest < 1500, `the page was blocked for ${Math.round(longest)} ms`);
    await editor(page).click();
    await page.keyboard.press('ControlOrMeta+Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.type('x');
    await page.getByText(/1 violation$/).waitFor();
  }));

test('the text and a submission go on behind the results', () =>
  inPage(async ({ page }) => {
    await fill(page, EXAMPLE);
    await page.getByText('Valid: 2 orders').waitFor();
    await page.getByRole('link', { name: 'Results' }).click();
    await page.getByText('No results on this day').waitFor();
    await page.getByRole('link', { name: 'Orders' }).click();
    assert.match(await editorText(page), /unique_id_2/);
    await page.getByText('Valid: 2 orders').waitFor();
  }));

test('the page says what it cannot load', () =>
  inPage(async ({ page, site }) => {
    site.broken.add('editor-');
    site.broken.add('.wasm');
    await page.reload();
    await page.getByText('The editor cannot be loaded.').waitFor();
    await page.getByText('The orders cannot be checked.').waitFor();
    site.broken.clear();
  }));

test('a page without its configuration says so', () =>
  inPage(async ({ page, site }) => {
    site.broken.add('config.json');
    await page.reload();
    await page.getByRole('alert').getByText('The console cannot start. config.json: HTTP 404').waitFor();
  }));
