/** The submission: its button, its progress, and the orders that the API did not store. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { countOf, formatCount } from '../format.ts';
import { useServices } from '../services.ts';
import type { CheckState } from '../check/checker.ts';
import type { Verdict } from '../check/protocol.ts';
import { highlightCode } from './verdict-view.tsx';
import type { Progress } from './submission.ts';
import { BATCH_SIZE } from './submit.ts';
import type { Workbench } from './workbench.ts';

export function SubmitPanel({ workbench, submit }: { readonly workbench: Workbench; readonly submit: () => void }) {
  const { checker, submission, session } = useServices();
  const state = checker.state.value;
  const progress = submission.progress.value;
  const verdict = latestVerdict(state);
  const orders = verdict?.valid === true ? verdict.orders : 0;
  const isSignedOut = session.state.value.kind === 'signed_out';
  const isRunning = progress.phase === 'running';

  return (
    <section class="card submit" aria-labelledby="submit-title">
      <h2 id="submit-title">Submit</h2>
      <div class="actions">
        {isSignedOut ? (
          <button type="button" class="primary" onClick={() => void session.signIn()}>
            Sign in
          </button>
        ) : (
          <button
            type="button"
            class="primary"
            disabled={orders === 0 || isRunning || !session.isReady}
            onClick={submit}
            aria-describedby="submit-hint"
          >
            {orders > 0 ? `Submit ${countOf(orders, 'order')}` : 'Submit'}
          </button>
        )}
        {isRunning && (
          <button type="button" onClick={() => submission.stop()}>
            Stop
          </button>
        )}
      </div>
      <p id="submit-hint" class="muted small">
        {isSignedOut
          ? 'Sign in to submit. You can check orders without signing in.'
          : hintFor(verdict?.valid === false, orders)}
      </p>
      {progress.phase !== 'idle' && <Outcome progress={progress} workbench={workbench} />}
    </section>
  );
}

function latestVerdict(state: CheckState): Verdict | null {
  return state.kind === 'checked' ? state.verdict : state.kind === 'checking' ? state.last : null;
}

function hintFor(hasViolations: boolean, orders: number): string {
  if (hasViolations) return 'The API stores valid orders only: correct the violations first.';
  if (orders === 0) return 'Valid orders can be submitted here.';
  if (orders <= BATCH_SIZE) return 'Stored completely or not at all. Submitting again is safe.';
  const batches = countOf(Math.ceil(orders / BATCH_SIZE), 'batch', 'batches');
  return `Posted in ${batches} of up to ${BATCH_SIZE}. Submitting again is safe.`;
}

function Outcome({ progress, workbench }: { readonly progress: Progress; readonly workbench: Workbench }) {
  const { submission, session } = useServices();
  const { phase, orders, stored, unchanged, refused, remaining, message } = progress;
  const done = stored + unchanged + refused;
  return (
    <div class="outcome">
      {orders > 0 && phase !== 'finished' && (
        <progress value={done} max={orders} aria-label="Orders processed" />
      )}
      <div role="status">
        <p class={phase === 'finished' ? (refused === 0 ? 'headline ok' : 'headline warn') : 'headline'}>
          {phase === 'running' && `${formatCount(done)} of ${countOf(orders, 'order')}`}
          {phase === 'finished' &&
            (refused === 0
              ? `${countOf(stored + unchanged, 'order')} stored`
              : `${formatCount(stored + unchanged)} of ${countOf(orders, 'order')} stored`)}
          {phase === 'stopped' && `Stopped: ${formatCount(done)} of ${countOf(orders, 'order')} processed`}
          {phase === 'failed' && (
            <span class="bad">
              {orders > 0
                ? `Not finished: ${formatCount(done)} of ${countOf(orders, 'order')} processed`
                : 'Not submitted'}
            </span>
          )}
        </p>
        {unchanged > 0 && (
          <p class="muted small">{formatCount(unchanged)} of them were stored before with the same content.</p>
        )}
        {message !== null && <p class="bad">{message}</p>}
      </div>
      {progress.waitingUntil !== null && <Countdown until={progress.waitingUntil} reason={progress.waitingFor ?? ''} />}
      {refused > 0 && <Refused progress={progress} workbench={workbench} />}
      {(phase === 'stopped' || phase === 'failed') && (
        <div class="actions">
          {progress.unauthorized && session.state.value.kind === 'signed_out' ? (
            <span class="muted small">Sign in, then submit again: stored orders stay as they are.</span>
          ) : (
            remaining.length > 0 && (
              <button type="button" onClick={() => void submission.resume()}>
                Resume with {countOf(remaining.length, 'batch', 'batches')}
              </button>
            )
          )}
          <button type="button" class="link" onClick={() => submission.dismiss()}>
            Dismiss
          </button>
        </div>
      )}
    </div>
  );
}

function Refused({ progress, workbench }: { readonly progress: Progress; readonly workbench: Workbench }) {
  const { checker } = useServices();
  const state = checker.state.value;
  const places = new Map(latestVerdict(state)?.watched.map((place) => [place.recordId, place]));
  const { problems, problemCount, refused, details } = progress;
  return (
    <div role="group" aria-label="Orders that were not stored">
      <p class="warn">
        {countOf(refused, 'order')} not stored
        {refused > problems.length ? ': a batch is stored completely or not at all.' : '.'}
      </p>
      <ol class="violations">
        {problems.map(({ recordId, message }) => {
          const place = places.get(recordId);
          return (
            <li key={recordId}>
              <button
                type="button"
                class="violation api"
                disabled={place === undefined}
                onClick={() => place !== undefined && workbench.reveal(place)}
              >
                <span class="line">{place === undefined ? 'Not in the text' : `Line ${formatCount(place.line)}`}</span>
                <span class="message">
                  <code>{recordId}</code>: {highlightCode(message)}
                </span>
              </button>
            </li>
          );
        })}
        {details.map((detail, at) => (
          <li key={`detail-${at}`} class="bad">
            {highlightCode(detail)}
          </li>
        ))}
      </ol>
      {problems.length < problemCount && <p class="muted small">{formatCount(problemCount - problems.length)} more.</p>}
    </div>
  );
}

/** Countdown to the next attempt. */
function Countdown({ until, reason }: { readonly until: number; readonly reason: string }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, 250);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((until - now.value) / 1000));
  return (
    <p class="warn small">
      {reason}: next attempt in {seconds} s.
    </p>
  );
}
