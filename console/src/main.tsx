/** The page's entry: reads the configuration, makes the services, shows the page. */

import { effect } from '@preact/signals';
import { render } from 'preact';

import { Api, describeError } from './api/client.ts';
import { App } from './app.tsx';
import { Session } from './auth/session.ts';
import { Checker, workerPort } from './check/checker.ts';
import { fetchConfig } from './config.ts';
import { Submission } from './orders/submission.ts';
import { Submitted } from './orders/submitted.ts';
import { Workbench } from './orders/workbench.ts';
import { DayStore } from './results/day-store.ts';
import { SlotStore } from './results/slot-store.ts';
import { followAddress, route } from './route.ts';
import { ServicesContext, type Services } from './services.ts';

/** The worker's file, relative to this one; defined by the build. */
declare const WORKER_FILE: string;

const root = document.getElementById('app') ?? document.body;

function storage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

async function start(): Promise<void> {
  const checker = new Checker(workerPort(new URL(WORKER_FILE, import.meta.url)));
  checker.load();
  const config = await fetchConfig();
  const session = new Session();
  const api = new Api({
    base: config.api,
    token: session.token,
    onUnauthorized: (error) => session.expire(describeError(error)),
  });
  const submitted = new Submitted(api, storage());
  const submission = new Submission(api, checker, submitted);
  const workbench = new Workbench(checker, submission);
  workbench.restoreDraft();
  session.beforeLeaving = () => workbench.saveDraft();
  const services: Services = {
    config,
    session,
    api,
    checker,
    submission,
    submitted,
    day: new DayStore(api),
    slot: new SlotStore(api),
  };

  const hash = await session.start(config);
  if (hash !== null && hash !== '') history.replaceState(null, '', hash);
  followAddress();
  // What the static page says until now gives way.
  root.replaceChildren();
  render(
    <ServicesContext.Provider value={services}>
      <App workbench={workbench} />
    </ServicesContext.Provider>,
    root,
  );
  effect(() => {
    const view = route.value.view === 'orders' ? 'Orders' : 'Results';
    document.title = config.environment === 'prod' ? `${view} · Gridbid` : `${view} · Gridbid (${config.environment})`;
  });
}

start().catch((error: unknown) => {
  const message = document.createElement('p');
  message.className = 'fatal';
  message.setAttribute('role', 'alert');
  message.textContent = `The console cannot start. ${error instanceof Error ? error.message : String(error)}`;
  root.replaceChildren(message);
});
