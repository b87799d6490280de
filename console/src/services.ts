/** What the views work with. One of each per page. */

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import type { Api } from './api/client.ts';
import type { Session } from './auth/session.ts';
import type { Checker } from './check/checker.ts';
import type { Config } from './config.ts';
import type { Submission } from './orders/submission.ts';
import type { Submitted } from './orders/submitted.ts';
import type { DayStore } from './results/day-store.ts';
import type { SlotStore } from './results/slot-store.ts';

export interface Services {
  readonly config: Config;
  readonly session: Session;
  readonly api: Api;
  readonly checker: Checker;
  readonly submission: Submission;
  readonly submitted: Submitted;
  readonly day: DayStore;
  readonly slot: SlotStore;
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) throw new Error('the view is outside of ServicesContext');
  return services;
}
