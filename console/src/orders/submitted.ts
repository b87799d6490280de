/**
 * What this browser tab has submitted: ids and the end of their lifetime, newest first, and the state that the API reports.
 *
 * Kept in `sessionStorage`, so that a reload keeps the list and closing the tab forgets it. Nothing else is stored.
 */

import { signal, type ReadonlySignal } from '@preact/signals';

import { describeError, isTransient, type Api } from '../api/client.ts';
import type { StoredOrder } from '../api/contract.ts';

const KEY = 'gridbid.submitted';
/** Maximum number of ids kept across a reload: storage is small. */
const KEPT = 20_000;
/** Maximum number of concurrent lookups. */
const LANES = 4;

export interface Entry {
  readonly recordId: string;
  readonly expiresAt: string;
}

export type Lookup =
  | { readonly kind: 'found'; readonly order: StoredOrder }
  /** Not stored any more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'error'; readonly message: string };

export class Submitted {
  readonly #api: Api;
  readonly #storage: Storage | null;
  readonly #entries = signal<readonly Entry[]>([]);
  readonly #lookups = signal<ReadonlyMap<string, Lookup>>(new Map());
  #saving: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Api, storage: Storage | null) {
    this.#api = api;
    this.#storage = storage;
    this.#entries.value = restore(storage);
  }

  get entries(): ReadonlySignal<readonly Entry[]> {
    return this.#entries;
  }

  get lookups(): ReadonlySignal<ReadonlyMap<string, Lookup>> {
    return this.#lookups;
  }

  add(recordIds: readonly string[], expiresAt: string): void {
    const added = new Set(recordIds);
    // An id may have been used before, by an order that is gone.
    const lookups = new Map(this.#lookups.value);
    for (const recordId of recordIds) lookups.delete(recordId);
    this.#lookups.value = lookups;
    this.#entries.value = [
      ...recordIds.map((recordId) => ({ recordId, expiresAt })),
      ...this.#entries.value.filter(({ recordId }) => !added.has(recordId)),
    ];
    // Many batches arrive in a row.
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), 300);
  }

  clear(): void {
    this.#entries.value = [];
    this.#lookups.value = new Map();
    clearTimeout(this.#saving);
    this.#save();
  }

  /** Looks up the given orders, except those whose state is final. */
  async refresh(recordIds: readonly string[], signal: AbortSignal): Promise<void> {
    const queue = recordIds.filter((recordId) => !isFinal(this.#lookups.value.get(recordId)));
    const lane = async (): Promise<void> => {
      for (let recordId = queue.shift(); recordId !== undefined && !signal.aborted; recordId = queue.shift()) {
        let lookup: Lookup;
        try {
          const order = await this.#api.order(recordId, signal);
          lookup = order === null ? { kind: 'gone' } : { kind: 'found', order };
        } catch (error) {
          if (signal.aborted) return;
          lookup = { kind: 'error', message: describeError(error) };
          // While the API is unavailable, earlier results stay and the remaining orders are skipped.
          if (isTransient(error)) queue.length = 0;
          if (isTransient(error) && this.#lookups.value.get(recordId)?.kind === 'found') return;
        }
        this.#lookups.value = new Map(this.#lookups.value).set(recordId, lookup);
      }
    };
    await Promise.all(Array.from({ length: Math.min(LANES, queue.length) }, lane));
  }

  #save(): void {
    try {
      const kept = this.#entries.value.slice(0, KEPT).map(({ recordId, expiresAt }) => [recordId, expiresAt]);
      this.#storage?.setItem(KEY, JSON.stringify(kept));
    } catch {
      // A full or forbidden storage: the list lives as long as the page.
    }
  }
}

/** Whether an order's state does not change any more, apart from its expiry. */
function isFinal(lookup: Lookup | undefined): boolean {
  if (lookup?.kind === 'found')
    return lookup.order.submission?.status !== 'pending' && Date.parse(lookup.order.expires_at) > Date.now();
  return lookup?.kind === 'gone';
}

function restore(storage: Storage | null): Entry[] {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(KEY) ?? '[]');
    if (!Array.isArray(kept)) return [];
    return kept.flatMap((entry: unknown) => {
      if (!Array.isArray(entry)) return [];
      const [recordId, expiresAt] = entry as readonly unknown[];
      return typeof recordId === 'string' && typeof expiresAt === 'string' ? [{ recordId, expiresAt }] : [];
    });
  } catch {
    return [];
  }
}
