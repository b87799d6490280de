/** One slot: its timeline, and its orders with their outcomes. */

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { Day, ResultOrder, SlotStatus, SlotSummary } from '../api/contract.ts';
import { countOf, formatCount, groupDigits } from '../format.ts';
import { useServices } from '../services.ts';
import { clock, formatDuration, utcDate } from '../time.ts';
import { REFRESH } from './day-store.ts';
import { StatusChip } from './slot-list.tsx';
import { PAGE_SIZE, type Filter, type Search, type SlotState } from './slot-store.ts';

/** Why a slot has no orders. */
const NO_ORDERS: Readonly<Record<SlotStatus, string>> = {
  done: 'The auction returned no orders.',
  running: 'The auction has not answered yet.',
  failed: 'No orders are known: the run failed before the auction answered.',
  missing: 'No orders are known: no run has begun.',
};

interface Props {
  readonly date: string;
  readonly slot: string;
  readonly day: Day;
  readonly onClose: () => void;
}

export function SlotView({ date, slot, day, onClose }: Props) {
  const { slot: store } = useServices();
  const heading = useRef<HTMLHeadingElement>(null);
  const listed = day.slots.find((known) => known.slot === slot);

  useEffect(() => {
    void store.open(date, slot);
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    return () => store.close();
  }, [date, slot]);

  const state = store.state.value;
  const status = state.page?.status ?? listed?.status ?? 'missing';
  const isRunning = status === 'running';
  // A running slot will soon have orders, and a missing slot of today may still be run, by the schedule or by hand.
  const isOpen = isRunning || (status === 'missing' && date >= utcDate(Date.now()));
  useEffect(() => {
    if (!isOpen) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void store.reload();
    }, REFRESH / 3);
    return () => clearInterval(timer);
  }, [isOpen]);
  // The day has newer news, such as of a failed slot that is run again.
  useEffect(() => {
    if (state.page !== null && listed !== undefined && listed.status !== state.page.status) void store.reload();
  }, [listed?.status, listed?.attempt]);

  const known = state.page ?? listed;
  return (
    <section class="card slot-detail" aria-labelledby="slot-title">
      <div class="card-head">
        <h2 id="slot-title" tabIndex={-1} ref={heading}>
          Slot {clock(slot)} UTC {known !== undefined && <StatusChip slot={known} />}
        </h2>
        <button type="button" class="link" onClick={onClose}>
          Close
        </button>
      </div>
      {known !== undefined && <Timeline slot={known} total={state.page?.total ?? 0} />}
      {known?.problem !== undefined && (
        <p class="banner bad">
          <span>{known.problem}</span>
        </p>
      )}
      {state.error !== null && (
        <div class="banner bad" role="alert">
          <p>{state.error}</p>
          <button type="button" onClick={() => void store.reload()}>
            Try again
          </button>
        </div>
      )}
      {state.unknown && (
        <p class="muted">
          {isOpen
            ? 'No run is known for this slot yet. This page keeps looking.'
            : 'This slot has no run: it is missing.'}
        </p>
      )}
      {state.page === null && !state.unknown && state.error === null && (
        <p class="muted" role="status">
          Loading the orders…
        </p>
      )}
      {state.page !== null && state.page.total === 0 && (
        <p class="muted">{NO_ORDERS[status]}</p>
      )}
      {state.page !== null && state.page.total > 0 && <Orders state={state} />}
    </section>
  );
}

/** When the run started, how often it polled, when it ended. */
function Timeline({ slot, total }: { readonly slot: SlotSummary; readonly total: number }) {
  const begin = Date.parse(slot.slot);
  const started = slot.started_at === undefined ? null : Date.parse(slot.started_at);
  const done = slot.done_at === undefined ? null : Date.parse(slot.done_at);
  const { polls } = slot;
  return (
    <ol class="timeline" aria-label="Timeline">
      <li>
        <span class="at">{clock(slot.slot, true)}</span>
        <span>slot</span>
      </li>
      {started !== null && (
        <li>
          <span class="at">{clock(slot.started_at ?? '', true)}</span>
          <span>
            started{started > begin && `, ${formatDuration(started - begin)} later`}
            {slot.attempt !== undefined && slot.attempt > 1 && ` (attempt ${slot.attempt})`}
          </span>
        </li>
      )}
      {polls !== undefined && (
        <li>
          <span class="at">{countOf(polls, 'poll')}</span>
          <span>{polls > 1 ? countOf(polls - 1, 'wait') : 'no wait'}</span>
        </li>
      )}
      {done !== null ? (
        <li>
          <span class="at">{clock(slot.done_at ?? '', true)}</span>
          <span>
            done
            {started !== null && `, took ${formatDuration(done - started)}`}
          </span>
        </li>
      ) : (
        slot.status === 'running' && (
          <li class="now">
            <span class="at">now</span>
            <span>{total > 0 ? 'storing orders' : 'waiting for results'}</span>
          </li>
        )
      )}
    </ol>
  );
}

const OUTCOMES = [
  ['', 'All outcomes'],
  ['not accepted', 'Not accepted'],
  ['accepted', 'Accepted'],
  ['rejected', 'Rejected'],
  ['failed', 'Failed'],
] as const;

function Orders({ state }: { readonly state: SlotState }) {
  const { slot: store } = useServices();
  const outcome = useSignal<(typeof OUTCOMES)[number][0]>('');
  const text = useSignal('');
  const { page, search, cursors } = state;
  if (page === null) return null;
  const apply = (event: Event) => {
    event.preventDefault();
    const filter: Filter = { outcome: outcome.value === '' ? null : outcome.value, text: text.value.trim() };
    void store.search(filter);
  };
  const first = page.orders[0]?.position ?? 0;
  const hasSummary = page.accepted !== undefined;
  return (
    <>
      {hasSummary && (
        <p class="counts">
          <span class="swatch accepted" aria-hidden="true" /> {formatCount(page.accepted ?? 0)} accepted{' '}
          <span class="swatch rejected" aria-hidden="true" /> {formatCount(page.rejected ?? 0)} rejected{' '}
          <span class="swatch failed" aria-hidden="true" /> {formatCount(page.failed ?? 0)} failed
          {page.total_power !== undefined && ` · power ${groupDigits(page.total_power)}`}
        </p>
      )}
      <form class="actions filter" onSubmit={apply}>
        <label class="inline">
          <span class="visually-hidden">Outcome</span>
          <select
            value={outcome.value}
            onChange={(event) => {
              outcome.value = event.currentTarget.value as typeof outcome.value;
              apply(event);
            }}
          >
            {OUTCOMES.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label class="inline">
          <span class="visually-hidden">record_id contains</span>
          <input
            type="search"
            placeholder="record_id contains"
            value={text.value}
            onInput={(event) => (text.value = event.currentTarget.value)}
          />
        </label>
        <button type="submit">Find</button>
        {search !== null && (
          <button
            type="button"
            class="link"
            onClick={() => {
              outcome.value = '';
              text.value = '';
              void store.search({ outcome: null, text: '' });
            }}
          >
            Show all
          </button>
        )}
      </form>
      {search !== null && <SearchLine search={search} />}
      <OrderTable orders={search?.matches ?? page.orders} />
      {search === null && (
        <div class="pager">
          <span class="muted small" role="status">
            {formatCount(first + 1)}–{formatCount(first + page.orders.length)} of {countOf(page.total, 'order')}
          </span>
          {page.total > PAGE_SIZE && (
            <span class="actions">
              <button
                type="button"
                disabled={cursors.length < 2 || state.loading}
                onClick={() => void store.previous()}
              >
                Previous
              </button>
              <button type="button" disabled={page.next === null || state.loading} onClick={() => void store.next()}>
                Next
              </button>
            </span>
          )}
        </div>
      )}
    </>
  );
}

function SearchLine({ search }: { readonly search: Search }) {
  const { slot: store } = useServices();
  return (
    <div class="search-line">
      {search.phase === 'running' && (
        <progress value={search.read} max={Math.max(1, search.total)} aria-label="Orders searched" />
      )}
      <p class="muted small" role="status">
        {countOf(search.matchCount, 'match', 'matches')} in {formatCount(search.read)} of{' '}
        {countOf(search.total, 'order')}
        {search.phase === 'stopped' && ' (stopped)'}
        {search.matches.length < search.matchCount && `; the first ${formatCount(search.matches.length)} are shown`}
      </p>
      {search.phase === 'running' && (
        <button type="button" onClick={() => store.stopSearch()}>
          Stop
        </button>
      )}
    </div>
  );
}

const TONES = { accepted: 'ok', rejected: 'warn', failed: 'bad' } as const;

function OrderTable({ orders }: { readonly orders: readonly ResultOrder[] }) {
  const { submitted } = useServices();
  const mine = new Set(submitted.entries.value.map(({ recordId }) => recordId));
  if (orders.length === 0) return null;
  return (
    <div class="table-box scroll" role="region" aria-label="Orders of the slot" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">
              #
            </th>
            <th scope="col">record_id</th>
            <th scope="col">Outcome</th>
            <th scope="col" class="number">
              Power
            </th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {orders.map((order) => (
            <tr key={order.position}>
              <td class="number muted">{formatCount(order.position + 1)}</td>
              <td>
                <code>{order.record_id ?? '–'}</code>
                {order.record_id !== undefined && mine.has(order.record_id) && <span class="chip mine">yours</span>}
              </td>
              <td>
                <span class={`chip ${TONES[order.outcome]}`}>{order.outcome}</span>
              </td>
              <td class="number">{order.power ?? '–'}</td>
              <td>
                {order.reason ?? ''} {order.code !== undefined && <code class="code">{order.code}</code>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
