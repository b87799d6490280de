/** Prints how long the main thread is blocked, and how long a verdict takes: `npm run measure`. */

import { launch } from './support/browser.ts';
import { editor, withFile } from './support/page.ts';
import { startSite } from './support/site.ts';

interface Measured {
  longest: number;
  total: number;
  /** When the step's event came, and when the last verdict was shown. */
  start: number;
  end: number;
}

const browser = await launch();
const site = await startSite();
console.log('orders    size     step            verdict after   longest task   tasks over 50 ms, in all');
try {
  for (const count of [10_000, 100_000]) {
    const text = JSON.stringify(
      Array.from({ length: count }, (_, at) => ({
        record_id: `bid-${at}`,
        parameter_1: 'some text',
        parameter_2: at / 8,
      })),
    );
    const page = await browser.newPage({ locale: 'en-GB' });
    await page.goto(site.url);
    await editor(page).waitFor();
    await page.evaluate(() => {
      const measured: Measured = { longest: 0, total: 0, start: 0, end: 0 };
      Object.assign(globalThis, { measured });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) {
          measured.longest = Math.max(measured.longest, duration);
          measured.total += duration;
        }
      }).observe({ type: 'longtask' });
      for (const type of ['keydown', 'change'])
        addEventListener(type, () => (measured.start = performance.now()), true);
      const status = document.querySelector('.verdict [role=status]');
      const observer = new MutationObserver(() => {
        if (status?.getAttribute('aria-busy') !== 'true') measured.end = performance.now();
      });
      if (status !== null)
        observer.observe(status, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    const step = async (name: string, act: () => Promise<void>, verdict: string | RegExp): Promise<void> => {
      await page.waitForTimeout(1000);
      await page.evaluate(() =>
        Object.assign((globalThis as unknown as { measured: Measured }).measured, { longest: 0, total: 0 }),
      );
      await act();
      await page.getByText(verdict).waitFor({ timeout: 120_000 });
      await page.waitForTimeout(500);
      const { longest, total, start, end } = await page.evaluate(
        () => (globalThis as unknown as { measured: Measured }).measured,
      );
      const size = `${(text.length / 1e6).toFixed(1)} MB`;
      console.log(
        `${String(count).padEnd(10)}${size.padEnd(9)}${name.padEnd(16)}${`${(end - start).toFixed(0)} ms`.padEnd(16)}${`${longest.toFixed(0)} ms`.padEnd(15)}${total.toFixed(0)} ms`,
      );
    };
    const open = (path: string) => page.getByLabel('File with orders').setInputFiles(path);
    await withFile('orders.json', text, (path) => step('open file', () => open(path), /^.?Valid: /));
    await editor(page).click();
    await page.keyboard.press('ControlOrMeta+Home');
    await step('type in it', () => page.keyboard.press('x'), /^.?1 violation$/);
    await step('undo it', () => page.keyboard.press('Backspace'), /^.?Valid: /);
    const invalid = text.replaceAll('some text', '');
    await withFile('orders.json', invalid, (path) =>
      step('open invalid', () => open(path), `${count.toLocaleString('en-GB')} violations`),
    );
    await page.close();
  }
} finally {
  await browser.close();
  await site.close();
}
