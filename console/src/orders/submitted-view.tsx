/** The list of what this tab has submitted. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { countOf, formatCount } from '../format.ts';
import { formatRoute } from '../route.ts';
import { useServices } from '../services.ts';
import { clock, timeLeft } from '../time.ts';
import type { Entry, Lookup } from './submitted.ts';

const PAGE = 20;
/** Milliseconds between two refreshes of the page on screen. */
const REFRESH = 10_000;

export function Submissions({ hidden }: { readonly hidden: boolean }) {
  const { submitted, session, submission } = useServices();
  const filter = useSignal('');
  const page = useSignal(0);
  const now = useSignal(Date.now());
  const isRefreshing = useSignal(false);

  const all = submitted.entries.value;
  const found = filter.value === '' ? all : all.filter(({ recordId }) => recordId.includes(filter.value));
  const pages = Math.max(1, Math.ceil(found.length / PAGE));
  const current = Math.min(page.value, pages - 1);
  const shown = found.slice(current * PAGE, (current + 1) * PAGE);
  const ids = shown.map(({ recordId }) => recordId).join(' ');
  // Each posted batch changes the list. Refreshing it during a submission would flood the API.
  const isReady = session.isReady && submission.progress.value.phase !== 'running';

  useEffect(() => {
    if (hidden || !isReady || ids === '') return undefined;
    const abort = new AbortController();
    const refresh = () => {
      now.value = Date.now();
      if (document.visibilityState === 'hidden') return;
      isRefreshing.value = true;
      void submitted.refresh(ids.split(' '), abort.signal).finally(() => {
        isRefreshing.value = false;
      });
    };
    refresh();
    const timer = setInterval(refresh, REFRESH);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [ids, hidden, isReady]);

  return (
    <section class="card" aria-labelledby="submitted-title">
      <div class="card-head">
        <h2 id="submitted-title">Submitted in this tab</h2>
        {all.length > 0 && (
          <div class="actions">
            <label class="inline">
              <span class="visually-hidden">Filter by record_id</span>
              <input
                type="search"
                placeholder="Filter by record_id"
                value={filter.value}
                onInput={(event) => {
                  filter.value = event.currentTarget.value.trim();
                  page.value = 0;
                }}
              />
            </label>
            <button type="button" class="link" onClick={() => submitted.clear()}>
              Forget the list
            </button>
          </div>
        )}
      </div>
      {all.length === 0 ? (
        <p class="muted">
          Orders that you submit appear here, with their state at the auction platform. Closing the tab forgets the
          list.
        </p>
      ) : (
        <>
          <div class="table-box" role="region" aria-label="List of submitted orders" tabIndex={0}>
            <table aria-busy={isRefreshing.value}>
              <thead>
                <tr>
                  <th scope="col">record_id</th>
                  <th scope="col">Order</th>
                  <th scope="col">Submission</th>
                  <th scope="col" class="number">
                    Time left
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((entry) => (
                  <Row
                    key={entry.recordId}
                    entry={entry}
                    lookup={submitted.lookups.value.get(entry.recordId)}
                    now={now.value}
                  />
                ))}
              </tbody>
            </table>
          </div>
          <div class="pager">
            <span class="muted small" role="status">
              {found.length === 0
                ? 'No order matches.'
                : `${formatCount(current * PAGE + 1)}–${formatCount(current * PAGE + shown.length)} of ${countOf(found.length, 'order')}`}
            </span>
            {pages > 1 && (
              <span class="actions">
                <button type="button" disabled={current === 0} onClick={() => (page.value = current - 1)}>
                  Newer
                </button>
                <button type="button" disabled={current >= pages - 1} onClick={() => (page.value = current + 1)}>
                  Older
                </button>
              </span>
            )}
          </div>
        </>
      )}
    </section>
  );
}

function Row({
  entry,
  lookup,
  now,
}: {
  readonly entry: Entry;
  readonly lookup: Lookup | undefined;
  readonly now: number;
}) {
  const order = lookup?.kind === 'found' ? lookup.order : null;
  return (
    <tr>
      <td>
        <code>{entry.recordId}</code>
      </td>
      <td>
        {lookup === undefined && <span class="chip ok">stored</span>}
        {order !== null && (
          <>
            <span class="chip ok">stored</span>{' '}
            <span class="muted wide-only">{clock(order.accepted_at, true)} UTC</span>
          </>
        )}
        {lookup?.kind === 'gone' && <span class="chip">gone</span>}
        {lookup?.kind === 'error' && <span class="bad">{lookup.message}</span>}
      </td>
      <td>{order !== null && <SubmissionCell order={order} />}</td>
      <td class="number">{lookup?.kind === 'gone' ? '–' : timeLeft(order?.expires_at ?? entry.expiresAt, now)}</td>
    </tr>
  );
}

function SubmissionCell({ order }: { readonly order: Extract<Lookup, { kind: 'found' }>['order'] }) {
  const { submission } = order;
  if (submission === undefined) return <span class="muted">no platform</span>;
  if (submission.status === 'pending') return <span class="chip run">pending</span>;
  if (submission.status === 'refused') {
    return (
      <>
        <span class="chip bad">refused</span> {submission.reason}
      </>
    );
  }
  const { slot } = submission;
  return (
    <>
      <span class="chip ok">submitted</span>{' '}
      {slot !== undefined && (
        <a href={formatRoute({ view: 'results', date: slot.slice(0, 10), slot })}>slot {clock(slot)}</a>
      )}
    </>
  );
}
