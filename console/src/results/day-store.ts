/** The day on screen: loads it, keeps the last data while the API is away, refreshes today. */

import { signal, type ReadonlySignal } from '@preact/signals';

import { describeError, isUnauthorized, type Api } from '../api/client.ts';
import type { Day } from '../api/contract.ts';

/** Milliseconds between two refreshes of today. */
export const REFRESH = 15_000;

export interface DayState {
  readonly date: string;
  readonly day: Day | null;
  readonly loading: boolean;
  /** Why the last request failed; `day` is what was known before. */
  readonly error: string | null;
  readonly unauthorized: boolean;
  /** When the data arrived, in milliseconds since 1970. */
  readonly updatedAt: number | null;
}

export class DayStore {
  readonly #api: Api;
  readonly #state = signal<DayState>({
    date: '',
    day: null,
    loading: false,
    error: null,
    unauthorized: false,
    updatedAt: null,
  });
  #request: AbortController | null = null;

  constructor(api: Api) {
    this.#api = api;
  }

  get state(): ReadonlySignal<DayState> {
    return this.#state;
  }

  /** Loads a day; another one that is still loading is forgotten. */
  async load(date: string): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    const known = this.#state.value.date === date ? this.#state.value : null;
    this.#state.value = {
      date,
      day: known?.day ?? null,
      loading: true,
      error: known?.error ?? null,
      unauthorized: false,
      updatedAt: known?.updatedAt ?? null,
    };
    try {
      const day = await this.#api.day(date, request.signal);
      this.#state.value = { date, day, loading: false, error: null, unauthorized: false, updatedAt: Date.now() };
    } catch (error) {
      if (request.signal.aborted) return;
      this.#state.value = {
        ...this.#state.value,
        loading: false,
        error: describeError(error),
        unauthorized: isUnauthorized(error),
      };
    }
  }

  cancel(): void {
    this.#request?.abort();
  }
}
