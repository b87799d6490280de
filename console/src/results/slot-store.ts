/** A slot's orders: pages of them, or a search through all of them. */

import { signal, type ReadonlySignal } from '@preact/signals';

import { describeError, type Api } from '../api/client.ts';
import type { ResultOrder, SlotPage } from '../api/contract.ts';

export const PAGE_SIZE = 100;
/** Orders per request of a search: the API's largest page. */
const SEARCH_SIZE = 1000;
/** Maximum number of matches listed. */
const MATCHES = 1000;

export interface Search {
  readonly filter: Filter;
  readonly read: number;
  readonly total: number;
  readonly matches: readonly ResultOrder[];
  readonly matchCount: number;
  readonly phase: 'running' | 'done' | 'stopped';
}

export interface Filter {
  /** Only orders with this outcome. */
  readonly outcome: ResultOrder['outcome'] | 'not accepted' | null;
  /** Only orders whose id contains this. */
  readonly text: string;
}

export interface SlotState {
  readonly slot: string;
  readonly page: SlotPage | null;
  /** The cursors of the pages before this one and of this one; the first page has none. */
  readonly cursors: readonly (string | undefined)[];
  readonly loading: boolean;
  readonly error: string | null;
  /** Nothing is known of the slot. */
  readonly unknown: boolean;
  readonly search: Search | null;
}

const EMPTY: SlotState = {
  slot: '',
  page: null,
  cursors: [undefined],
  loading: false,
  error: null,
  unknown: false,
  search: null,
};

export class SlotStore {
  readonly #api: Api;
  readonly #state = signal<SlotState>(EMPTY);
  #date = '';
  #request: AbortController | null = null;
  #searching: AbortController | null = null;

  constructor(api: Api) {
    this.#api = api;
  }

  get state(): ReadonlySignal<SlotState> {
    return this.#state;
  }

  open(date: string, slot: string): Promise<void> {
    this.#dropSearch();
    this.#date = date;
    this.#state.value = { ...EMPTY, slot };
    return this.#load([undefined]);
  }

  close(): void {
    this.#request?.abort();
    this.#dropSearch();
    this.#state.value = EMPTY;
  }

  next(): Promise<void> {
    const { page, cursors } = this.#state.value;
    return page === null || page.next === null ? Promise.resolve() : this.#load([...cursors, page.next]);
  }

  previous(): Promise<void> {
    const { cursors } = this.#state.value;
    return cursors.length < 2 ? Promise.resolve() : this.#load(cursors.slice(0, -1));
  }

  /** Loads the page on screen again. */
  reload(): Promise<void> {
    return this.#load(this.#state.value.cursors);
  }

  async #load(cursors: readonly (string | undefined)[]): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.#state.value = { ...this.#state.value, loading: true };
    try {
      const page = await this.#api.slot(
        this.#date,
        this.#state.value.slot,
        { limit: PAGE_SIZE, cursor: cursors.at(-1) },
        request.signal,
      );
      this.#state.value = { ...this.#state.value, page, cursors, loading: false, error: null, unknown: page === null };
    } catch (error) {
      if (request.signal.aborted) return;
      this.#state.value = { ...this.#state.value, loading: false, error: describeError(error) };
    }
  }

  /** Reads all of the slot's orders and keeps those that match. An empty filter returns to the pages. */
  async search(filter: Filter): Promise<void> {
    this.#dropSearch();
    if (filter.outcome === null && filter.text === '') {
      this.#state.value = { ...this.#state.value, search: null };
      return;
    }
    const searching = new AbortController();
    this.#searching = searching;
    const { slot, page } = this.#state.value;
    let search: Search = { filter, read: 0, total: page?.total ?? 0, matches: [], matchCount: 0, phase: 'running' };
    const show = (change: Partial<Search>): void => {
      search = { ...search, ...change };
      this.#state.value = { ...this.#state.value, search };
    };
    show({});
    try {
      for (let cursor: string | undefined; ;) {
        const part = await this.#api.slot(this.#date, slot, { limit: SEARCH_SIZE, cursor }, searching.signal);
        searching.signal.throwIfAborted();
        if (part === null) return show({ phase: 'done' });
        const found = part.orders.filter((order) => matches(order, filter));
        show({
          read: search.read + part.orders.length,
          total: part.total,
          matches: [...search.matches, ...found].slice(0, MATCHES),
          matchCount: search.matchCount + found.length,
          phase: part.next === null ? 'done' : 'running',
        });
        if (part.next === null) return;
        cursor = part.next;
      }
    } catch (error) {
      if (searching !== this.#searching) return;
      if (searching.signal.aborted) show({ phase: 'stopped' });
      else
        this.#state.value = {
          ...this.#state.value,
          error: describeError(error),
          search: { ...search, phase: 'stopped' },
        };
    }
  }

  /** Ends the search; its matches so far stay. */
  stopSearch(): void {
    this.#searching?.abort();
  }

  #dropSearch(): void {
    this.#searching?.abort();
    this.#searching = null;
  }
}

/** Whether an order passes a filter. */
export function matches(order: ResultOrder, { outcome, text }: Filter): boolean {
  const isOutcome =
    outcome === null || (outcome === 'not accepted' ? order.outcome !== 'accepted' : order.outcome === outcome);
  return isOutcome && (text === '' || (order.record_id?.includes(text) ?? false));
}
