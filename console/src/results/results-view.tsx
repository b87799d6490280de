/** The results view: a day, its slots, and the orders of one of them. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import type { Day } from '../api/contract.ts';
import { countOf, formatCount, formatRate, groupDigits } from '../format.ts';
import { navigate, type Route } from '../route.ts';
import { useServices } from '../services.ts';
import { isDate, longDate, shiftDate, utcDate } from '../time.ts';
import { ChartView } from './chart-view.tsx';
import { REFRESH } from './day-store.ts';
import { SlotList } from './slot-list.tsx';
import { SlotView } from './slot-view.tsx';
import { countStatuses } from './slots.ts';

export function ResultsView({ route }: { readonly route: Extract<Route, { view: 'results' }> }) {
  const { day: store, session } = useServices();
  const today = useSignal(utcDate(Date.now()));
  const date = route.date ?? today.value;
  const isToday = date === today.value;
  const isReady = session.isReady;

  useEffect(() => {
    if (!isReady) return undefined;
    void store.load(date);
    const refresh = () => {
      today.value = utcDate(Date.now());
      if (document.visibilityState === 'visible' && date >= today.value) void store.load(date);
    };
    const timer = setInterval(refresh, REFRESH);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', refresh);
      store.cancel();
    };
  }, [date, isReady]);

  const state = store.state.value;
  const day = state.date === date ? state.day : null;
  const error = state.date === date ? state.error : null;
  const goTo = (to: string | null, slot: string | null = null) => navigate({ view: 'results', date: to, slot });

  return (
    <section class="view" aria-labelledby="results-title">
      <div class="title-row">
        <h1 id="results-title">{longDate(date)}</h1>
        <div class="actions">
          <button type="button" onClick={() => goTo(shiftDate(date, -1))} aria-label="Previous day">
            ‹
          </button>
          <label class="inline">
            <span class="visually-hidden">Day (UTC)</span>
            <input
              type="date"
              value={date}
              onChange={(event) => {
                if (isDate(event.currentTarget.value)) goTo(event.currentTarget.value);
              }}
            />
          </label>
          <button
            type="button"
            onClick={() => goTo(shiftDate(date, 1))}
            disabled={date >= today.value}
            aria-label="Next day"
          >
            ›
          </button>
          <button type="button" onClick={() => goTo(null)} aria-pressed={isToday}>
            Today
          </button>
        </div>
        <p class="muted small updated">
          {isToday ? 'All times are UTC. Refreshes automatically.' : 'All times are UTC.'}
          {state.updatedAt !== null &&
            day !== null &&
            ` Updated ${new Date(state.updatedAt).toISOString().slice(11, 19)}.`}
        </p>
      </div>

      {session.state.value.kind === 'signed_out' && day === null && (
        <div class="card empty">
          <p>Sign in to see results.</p>
          <button type="button" class="primary" onClick={() => void session.signIn()}>
            Sign in
          </button>
        </div>
      )}
      {error !== null && isReady && (
        <div class="banner bad" role="alert">
          <p>
            {error} {day !== null && 'The data below is from the last update.'}
          </p>
          <button type="button" onClick={() => void store.load(date)} disabled={state.loading}>
            {state.loading ? 'Trying…' : 'Try again'}
          </button>
        </div>
      )}
      {day === null && error === null && isReady && <Loading />}
      {day !== null && <Totals day={day} />}
      {day !== null && day.unreadable.length > 0 && (
        <div class="banner warn" role="alert">
          <p>
            {countOf(day.unreadable.length, 'stored summary', 'stored summaries')} cannot be read, and the counts lack
            them: <code>{day.unreadable[0]}</code>
            {day.unreadable.length > 1 && ` and ${day.unreadable.length - 1} more`}
          </p>
        </div>
      )}
      {day !== null && day.slots.every(({ status }) => status === 'missing') && (
        <div class="card empty">
          <p>
            <strong>No results on this day{isToday ? ' yet' : ''}.</strong>
          </p>
          <p class="muted">
            {day.slots.length === 0
              ? 'A results run starts every five minutes.'
              : `${countOf(day.slots.length, 'slot')} had no run.`}
          </p>
        </div>
      )}
      {day !== null && (
        <>
          {day.slots.length > 0 && <ChartView day={day} open={route.slot} onOpen={(slot) => goTo(date, slot)} />}
          <div class="slots-row">
            {route.slot !== null && (
              <SlotView date={date} slot={route.slot} day={day} onClose={() => goTo(isToday ? null : date)} />
            )}
            {day.slots.length > 0 && <SlotList day={day} open={route.slot} onOpen={(slot) => goTo(date, slot)} />}
          </div>
        </>
      )}
    </section>
  );
}

function Loading() {
  return (
    <div aria-busy="true">
      <p role="status" class="visually-hidden">
        Loading the day…
      </p>
      <div class="totals" aria-hidden="true">
        {[1, 2, 3, 4, 5, 6].map((at) => (
          <div key={at} class="total skeleton" />
        ))}
      </div>
      <div class="card skeleton tall" aria-hidden="true" />
    </div>
  );
}

function Totals({ day }: { readonly day: Day }) {
  const statuses = countStatuses(day.slots);
  const others = (['running', 'failed', 'missing'] as const).filter((status) => statuses[status] > 0);
  return (
    <dl class="totals">
      <Total name="Orders" value={formatCount(day.orders)} />
      <Total name="Accepted" value={formatCount(day.accepted)} tone="accepted" />
      <Total name="Rejected" value={formatCount(day.rejected)} tone="rejected" />
      <Total name="Failed" value={formatCount(day.failed)} tone="failed" />
      <Total name="Acceptance" value={day.acceptance_rate === null ? '–' : formatRate(day.acceptance_rate)} />
      <Total name="Total power" value={groupDigits(day.total_power)} />
      <Total
        name="Slots done"
        value={formatCount(statuses.done)}
        note={others.map((status) => `${formatCount(statuses[status])} ${status}`).join(', ')}
      />
    </dl>
  );
}

function Total({
  name,
  value,
  tone,
  note = '',
}: {
  readonly name: string;
  readonly value: string;
  readonly tone?: string;
  readonly note?: string;
}) {
  return (
    <div class={`total ${tone ?? ''}`}>
      <dt>{name}</dt>
      <dd>{value}</dd>
      {note !== '' && <dd class="note">{note}</dd>}
    </div>
  );
}
