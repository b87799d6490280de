/** The page's frame: header, navigation, and the view that the address names. */

import { route } from './route.ts';
import { useServices } from './services.ts';
import { OrdersView } from './orders/orders-view.tsx';
import type { Workbench } from './orders/workbench.ts';
import { ResultsView } from './results/results-view.tsx';

export function App({ workbench }: { readonly workbench: Workbench }) {
  const { config } = useServices();
  const current = route.value;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <header class="top">
        <p class="brand">
          <Mark /> Gridbid{' '}
          <span class={`environment ${config.environment === 'prod' ? 'prod' : ''}`}>{config.environment}</span>
        </p>
        <nav aria-label="Views">
          <a href="#orders" aria-current={current.view === 'orders' ? 'page' : undefined}>
            Orders
          </a>
          <a href="#results" aria-current={current.view === 'results' ? 'page' : undefined}>
            Results
          </a>
        </nav>
        <Account />
      </header>
      <main id="main" tabIndex={-1}>
        <SessionBanner />
        {/* The orders stay mounted: the text, its undo history and a submission go on behind the results. */}
        <OrdersView workbench={workbench} hidden={current.view !== 'orders'} />
        {current.view === 'results' && <ResultsView route={current} />}
      </main>
    </>
  );
}

/** Moves the focus without changing the fragment, which is the route. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Mark() {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <rect x="2" y="12" width="4" height="9" rx="1" />
      <rect x="8" y="7" width="4" height="14" rx="1" />
      <rect x="14" y="10" width="4" height="11" rx="1" />
      <path d="M2 8 9 3l6 4 7-5" fill="none" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

function Account() {
  const { session } = useServices();
  const state = session.state.value;
  return (
    <div class="account">
      {state.kind === 'signed_in' && (
        <>
          <span class="name" title={state.name}>
            {state.name}
          </span>
          <button type="button" class="link" onClick={() => void session.signOut()}>
            Sign out
          </button>
        </>
      )}
      {state.kind === 'signed_out' && (
        <button type="button" onClick={() => void session.signIn()}>
          Sign in
        </button>
      )}
    </div>
  );
}

function SessionBanner() {
  const { session } = useServices();
  const state = session.state.value;
  if (state.kind !== 'signed_out' || state.reason === null) return null;
  return (
    <div class="banner bad" role="alert">
      <p>{state.reason}</p>
      <button type="button" onClick={() => void session.signIn()}>
        Sign in
      </button>
    </div>
  );
}
