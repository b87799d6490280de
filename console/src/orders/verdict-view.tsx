/** The verdict on the text, and its violations. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { countOf, formatBytes, formatCount } from '../format.ts';
import { useServices } from '../services.ts';
import { formatDuration } from '../time.ts';
import type { Verdict, Violation } from '../check/protocol.ts';
import type { Workbench } from './workbench.ts';

const PAGE = 100;

export function VerdictPanel({ workbench }: { readonly workbench: Workbench }) {
  const { checker } = useServices();
  const state = checker.state.value;
  const verdict = state.kind === 'checked' ? state.verdict : state.kind === 'checking' ? state.last : null;
  return (
    <section class="card verdict" aria-labelledby="verdict-title">
      <h2 id="verdict-title">Check</h2>
      <div role="status" aria-busy={state.kind === 'checking'}>
        {state.kind === 'broken' && (
          <p class="bad">
            <strong>The orders cannot be checked.</strong> {state.message}
          </p>
        )}
        {state.kind === 'empty' && (
          <p class="muted">No orders yet. Each change is checked by the service’s own rules.</p>
        )}
        {state.kind === 'checking' && verdict === null && <p class="muted">Checking…</p>}
        {verdict !== null && <Summary verdict={verdict} isOutdated={state.kind === 'checking'} />}
      </div>
      {verdict !== null && !verdict.valid && <Violations verdict={verdict} workbench={workbench} />}
    </section>
  );
}

function Summary({ verdict, isOutdated }: { readonly verdict: Verdict; readonly isOutdated: boolean }) {
  const { valid, orders, total, duration, bytes } = verdict;
  return (
    <div class={isOutdated ? 'outdated' : undefined}>
      <p class={valid ? 'headline ok' : 'headline bad'}>
        <span class="symbol" aria-hidden="true">
          {valid ? '✓' : '✕'}
        </span>
        {valid ? `Valid: ${countOf(orders, 'order')}` : countOf(total, 'violation')}
      </p>
      <p class="muted small">
        {!valid && orders > 0 && `${countOf(orders, 'order')} · `}
        {formatBytes(bytes)} · checked in {duration < 10 ? `${duration.toFixed(1)} ms` : formatDuration(duration)}
      </p>
    </div>
  );
}

function Violations({ verdict, workbench }: { readonly verdict: Verdict; readonly workbench: Workbench }) {
  const { checker } = useServices();
  const more = useSignal<readonly Violation[]>([]);
  useEffect(() => {
    more.value = [];
  }, [verdict]);
  const listed = [...verdict.violations, ...more.value];
  const showMore = () => {
    void checker.list(listed.length, PAGE).then((page) => {
      more.value = [...more.value, ...page];
    });
  };
  return (
    <>
      <ol class="violations" aria-label="Violations">
        {listed.map((violation, at) => (
          <li key={at}>
            <button type="button" class="violation" onClick={() => workbench.reveal(violation)}>
              <span class="line">Line {formatCount(violation.line)}</span>
              <span class="message">{highlightCode(violation.message)}</span>
              <code class="code">{violation.code}</code>
            </button>
          </li>
        ))}
      </ol>
      {listed.length < verdict.listed && (
        <button type="button" class="link" onClick={showMore}>
          Show {formatCount(Math.min(PAGE, verdict.listed - listed.length))} more of {formatCount(verdict.total)}
        </button>
      )}
      {listed.length === verdict.listed && verdict.listed < verdict.total && (
        <p class="muted small">{formatCount(verdict.total - verdict.listed)} more are counted but not listed.</p>
      )}
    </>
  );
}

/** core's sentences have names and input in backticks. */
export function highlightCode(message: string) {
  return message.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}
