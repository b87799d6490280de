/** What tests do in the page, in the words of someone who uses it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

/** The editor's text field, once it is loaded. */
export function editor(page: Page) {
  return page.getByRole('textbox', { name: 'Orders as JSON' });
}

/** The visible text of the editor. */
export async function editorText(page: Page): Promise<string> {
  await editor(page).waitFor();
  return (await editor(page).innerText()).replaceAll('\u200b', '');
}

/** Replaces the editor's text as a paste does. */
export async function fill(page: Page, text: string): Promise<void> {
  await editor(page).click();
  await page.keyboard.press('ControlOrMeta+a');
  await paste(page, text);
}

/** Pastes into the editor. */
export async function paste(page: Page, text: string): Promise<void> {
  await editor(page).evaluate((element, pasted) => {
    const data = new DataTransfer();
    data.setData('text/plain', pasted);
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

/** A file on disk. A large buffer would be decoded in the page, which blocks it for longer than its own work does. */
export async function withFile(name: string, text: string, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gridbid-console-'));
  try {
    await writeFile(join(folder, name), text);
    await use(join(folder, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}
