import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Api } from '../../src/api/client.ts';
import { Submitted } from '../../src/orders/submitted.ts';
import { DayStore } from '../../src/results/day-store.ts';
import { SlotStore } from '../../src/results/slot-store.ts';

type Answer = (path: string, signal: AbortSignal | null) => Response | Promise<Response>;

function apiOf(answer: Answer): Api {
  return new Api({
    base: '',
    token: () => null,
    wait: () => Promise.resolve(),
    fetch: async (input, init) => answer(String(input), init?.signal ?? null),
  });
}

const json = (body: object): Response => new Response(JSON.stringify(body));
const away: Answer = () => Promise.reject(new TypeError('fetch failed'));
const never = new AbortController().signal;
const dayOf = (date: string, orders: number) => ({
  date,
  runs: 0,
  orders,
  accepted: 0,
  rejected: 0,
  failed: 0,
  acceptance_rate: null,
  total_power: '0',
  unreadable: [],
  slots: [],
});
const order = (recordId: string, status: 'pending' | 'submitted') => ({
  record_id: recordId,
  parameter_1: 'x',
  parameter_2: 1,
  accepted_at: '2026-11-22T00:00:00Z',
  expires_at: '2999-11-23T00:00:00Z',
  submission: { status },
});

function memoryStorage(setItem?: () => void): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    clear: () => items.clear(),
    getItem: (key) => items.get(key) ?? null,
    key: () => null,
    removeItem: (key) => void items.delete(key),
    setItem: setItem ?? ((key, value) => void items.set(key, value)),
  };
}

test('submitted orders are newest first, once each, and survive a reload', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const storage = memoryStorage();
  const submitted = new Submitted(apiOf(away), storage);
  submitted.add(['a', 'b'], '2026-11-23T00:00:00Z');
  submitted.add(['c', 'a'], '2026-11-23T01:00:00Z');
  t.mock.timers.tick(1000);
  const ids = (of: Submitted) => of.entries.value.map(({ recordId }) => recordId);
  assert.deepEqual(ids(submitted), ['c', 'a', 'b']);
  assert.deepEqual(ids(new Submitted(apiOf(away), storage)), ['c', 'a', 'b']);
  submitted.clear();
  assert.deepEqual(ids(new Submitted(apiOf(away), storage)), []);
});

test('a storage that is full, forbidden or holds something else is not an error', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const full = memoryStorage(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  const submitted = new Submitted(apiOf(away), full);
  submitted.add(['a'], '2026-11-23T00:00:00Z');
  t.mock.timers.tick(1000);
  assert.equal(submitted.entries.value.length, 1);
  assert.equal(new Submitted(apiOf(away), null).entries.value.length, 0);
  for (const kept of ['{', '{}', '[1, ["a"], ["b", 2], null]']) {
    const storage = memoryStorage();
    storage.setItem('gridbid.submitted', kept);
    assert.equal(new Submitted(apiOf(away), storage).entries.value.length, 0, kept);
  }
});

test('orders that cannot change are not requested again', async () => {
  const asked: string[] = [];
  const submitted = new Submitted(
    apiOf((path) => {
      const id = path.split('/').at(-1) ?? '';
      asked.push(id);
      return id === 'gone'
        ? new Response('{}', { status: 404 })
        : json(order(id, id === 'open' ? 'pending' : 'submitted'));
    }),
    null,
  );
  await submitted.refresh(['open', 'done', 'gone'], never);
  await submitted.refresh(['open', 'done', 'gone'], never);
  assert.deepEqual(asked, ['open', 'done', 'gone', 'open']);
  assert.equal(submitted.lookups.value.get('gone')?.kind, 'gone');
});

test('an order keeps its last state while the API is away', async () => {
  let answer: Answer = () => json(order('a', 'pending'));
  const submitted = new Submitted(
    apiOf((path, signal) => answer(path, signal)),
    null,
  );
  await submitted.refresh(['a'], never);
  answer = away;
  await submitted.refresh(['a', 'b'], never);
  assert.equal(submitted.lookups.value.get('a')?.kind, 'found');
});

test('a day keeps its data while the API is away, another day does not show them', async () => {
  let answer: Answer = () => json(dayOf('2026-11-22', 7));
  const store = new DayStore(apiOf((path, signal) => answer(path, signal)));
  await store.load('2026-11-22');
  answer = away;
  await store.load('2026-11-22');
  assert.equal(store.state.value.day?.orders, 7);
  assert.equal(store.state.value.error, 'The API does not answer.');
  await store.load('2026-11-21');
  assert.equal(store.state.value.day, null);
});

test('a day that arrives after another was chosen is ignored', async () => {
  const store = new DayStore(
    apiOf((path, signal) =>
      path.endsWith('21')
        ? new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
        : json(dayOf('2026-11-22', 7)),
    ),
  );
  const first = store.load('2026-11-21');
  await store.load('2026-11-22');
  await first;
  assert.equal(store.state.value.date, '2026-11-22');
  assert.equal(store.state.value.error, null);
});

const slotApi = (count: number, onPage: (cursor: number) => void = () => undefined): Api =>
  apiOf((path) => {
    const query = new URL(path, 'http://api').searchParams;
    const [from, limit] = [Number(query.get('cursor') ?? 0), Number(query.get('limit'))];
    onPage(from);
    const orders = Array.from({ length: Math.min(limit, count - from) }, (_, at) => ({
      position: from + at,
      outcome: (from + at) % 2 === 0 ? 'accepted' : 'rejected',
      record_id: `id-${from + at}`,
    }));
    return json({
      slot: 's',
      status: 'done',
      total: count,
      orders,
      next: from + limit < count ? String(from + limit) : null,
    });
  });

test('pages are walked with the cursors of the API', async () => {
  const store = new SlotStore(slotApi(250));
  await store.open('2026-11-22', '2026-11-22T07:05:00Z');
  const first = () => store.state.value.page?.orders[0]?.position;
  assert.equal(first(), 0);
  await store.next();
  await store.next();
  assert.equal(first(), 200);
  await store.next();
  assert.equal(first(), 200);
  await store.previous();
  assert.equal(first(), 100);
});

test('a search reads all pages, and can be stopped', async () => {
  const store = new SlotStore(slotApi(5000));
  await store.open('2026-11-22', '2026-11-22T07:05:00Z');
  await store.search({ outcome: 'rejected', text: '' });
  const { search } = store.state.value;
  assert.deepEqual(
    [search?.phase, search?.read, search?.matchCount, search?.matches.length],
    ['done', 5000, 2500, 1000],
  );
  const stopped = new SlotStore(slotApi(5000, (cursor) => cursor === 2000 && stopped.stopSearch()));
  await stopped.open('2026-11-22', '2026-11-22T07:05:00Z');
  await stopped.search({ outcome: null, text: 'id-1' });
  assert.ok((stopped.state.value.search?.read ?? 0) < 5000);
  await stopped.search({ outcome: null, text: '' });
  assert.equal(stopped.state.value.search, null);
});

test('a slot without orders yet is read without its counts', async () => {
  const store = new SlotStore(
    apiOf(() => json({ slot: 's', status: 'running', attempt: 1, polls: 2, accepted: null })),
  );
  await store.open('2026-11-22', '2026-11-22T07:05:00Z');
  assert.deepEqual(
    [store.state.value.page?.total, store.state.value.page?.next, store.state.value.page?.accepted],
    [0, null, undefined],
  );
});
