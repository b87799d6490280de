/** The page's address: `#orders`, `#results`, `#results/2026-11-22`, `#results/2026-11-22/2026-11-22T07:05:00Z`. */

import { signal } from '@preact/signals';

import { isDate } from './time.ts';

export type Route =
  | { readonly view: 'orders' }
  /** `date` is null for the current day, which changes at midnight. */
  | { readonly view: 'results'; readonly date: string | null; readonly slot: string | null };

const SLOT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** Reads an address; anything unknown is the orders view. */
export function parseRoute(hash: string): Route {
  const [view, date = '', slot = ''] = hash.replace(/^#\/?/, '').split('/');
  if (view !== 'results') return { view: 'orders' };
  if (!isDate(date)) return { view: 'results', date: null, slot: null };
  return { view: 'results', date, slot: SLOT.test(slot) && slot.startsWith(date) ? slot : null };
}

/** Writes an address. */
export function formatRoute(route: Route): string {
  if (route.view === 'orders') return '#orders';
  return ['#results', route.date, route.slot].filter((part) => part !== null).join('/');
}

export const route = signal<Route>({ view: 'orders' });

/** Follows the address bar. */
export function followAddress(): void {
  const read = () => {
    route.value = parseRoute(location.hash);
  };
  addEventListener('hashchange', read);
  read();
}

/** Moves to another view; the back button returns. */
export function navigate(to: Route): void {
  location.hash = formatRoute(to);
}
