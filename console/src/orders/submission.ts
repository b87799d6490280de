/** The submission of the editor's orders: its progress, what the API answered, and what is left. */

import { signal, type ReadonlySignal } from '@preact/signals';

import type { Api } from '../api/client.ts';
import type { Checker } from '../check/checker.ts';
import { BATCH_SIZE, batchNumbers, submitBatches, type OrderProblem, type SubmitEvent } from './submit.ts';
import type { Submitted } from './submitted.ts';

/** Problems that are listed and marked; the rest is counted. */
const LISTED = 200;

export interface Progress {
  readonly phase: 'idle' | 'running' | 'finished' | 'stopped' | 'failed';
  readonly orders: number;
  readonly stored: number;
  readonly unchanged: number;
  /** Orders in batches that the API refused. */
  readonly refused: number;
  readonly problems: readonly OrderProblem[];
  readonly problemCount: number;
  /** Sentences about whole batches: the detail of a refusal without a named order. */
  readonly details: readonly string[];
  /** When the API is asked again, in milliseconds since 1970. */
  readonly waitingUntil: number | null;
  readonly waitingFor: string | null;
  /** Why the run ended early. */
  readonly message: string | null;
  readonly unauthorized: boolean;
  /** The numbers of the batches that are left. */
  readonly remaining: readonly number[];
}

const IDLE: Progress = {
  phase: 'idle',
  orders: 0,
  stored: 0,
  unchanged: 0,
  refused: 0,
  problems: [],
  problemCount: 0,
  details: [],
  waitingUntil: null,
  waitingFor: null,
  message: null,
  unauthorized: false,
  remaining: [],
};

export class Submission {
  readonly #api: Api;
  readonly #checker: Checker;
  readonly #submitted: Submitted;
  readonly #progress = signal<Progress>(IDLE);
  #stop: AbortController | null = null;

  constructor(api: Api, checker: Checker, submitted: Submitted) {
    this.#api = api;
    this.#checker = checker;
    this.#submitted = submitted;
  }

  get progress(): ReadonlySignal<Progress> {
    return this.#progress;
  }

  /** Submits the orders that are in the editor now; later edits do not change them. */
  async start(): Promise<void> {
    if (this.#progress.value.phase === 'running') return;
    this.#checker.watch([]);
    this.#progress.value = { ...IDLE, phase: 'running' };
    try {
      const orders = await this.#checker.call('prepare', {});
      this.#progress.value = { ...this.#progress.value, orders, remaining: batchNumbers(orders) };
    } catch (error) {
      this.#progress.value = {
        ...IDLE,
        phase: 'failed',
        message: error instanceof Error ? error.message : String(error),
      };
      return;
    }
    await this.#run();
  }

  /** Posts what a stopped or failed run has left. */
  async resume(): Promise<void> {
    if (this.#progress.value.phase === 'running' || this.#progress.value.remaining.length === 0) return;
    this.#progress.value = { ...this.#progress.value, phase: 'running', message: null, unauthorized: false };
    await this.#run();
  }

  stop(): void {
    this.#stop?.abort(new DOMException('stopped', 'AbortError'));
  }

  /** Forgets the last run's outcome. */
  dismiss(): void {
    if (this.#progress.value.phase === 'running') return;
    this.#progress.value = IDLE;
    this.#checker.watch([]);
  }

  async #run(): Promise<void> {
    this.#stop = new AbortController();
    const end = await submitBatches({
      batches: this.#progress.value.remaining,
      batch: (number) => this.#checker.call('batch', { number, size: BATCH_SIZE }),
      post: (body, signal) => this.#api.postOrders(body, signal),
      onEvent: (event) => this.#handle(event),
      signal: this.#stop.signal,
    });
    const progress = { ...this.#progress.value, waitingUntil: null, waitingFor: null };
    if (end.kind === 'finished') this.#progress.value = { ...progress, phase: 'finished', remaining: [] };
    else if (end.kind === 'stopped') this.#progress.value = { ...progress, phase: 'stopped', remaining: end.remaining };
    else {
      this.#progress.value = {
        ...progress,
        phase: 'failed',
        remaining: end.remaining,
        message: end.message,
        unauthorized: end.unauthorized,
      };
    }
    this.#checker.watch(this.#progress.value.problems.map(({ recordId }) => recordId));
  }

  #handle(event: SubmitEvent): void {
    const progress = this.#progress.value;
    if (event.kind === 'waiting') {
      this.#progress.value = { ...progress, waitingUntil: Date.now() + event.milliseconds, waitingFor: event.reason };
      return;
    }
    if (event.kind === 'waited') {
      this.#progress.value = { ...progress, waitingUntil: null, waitingFor: null };
      return;
    }
    if (event.kind === 'stored') {
      const { stored, unchanged, expires_at } = event.receipt;
      this.#progress.value = {
        ...progress,
        stored: progress.stored + stored,
        unchanged: progress.unchanged + unchanged,
      };
      this.#submitted.add(event.recordIds, expires_at);
      return;
    }
    this.#progress.value = {
      ...progress,
      refused: progress.refused + event.recordIds.length,
      problems: [...progress.problems, ...event.problems].slice(0, LISTED),
      problemCount: progress.problemCount + event.problems.length,
      details:
        event.problems.length > 0 || progress.details.length >= LISTED
          ? progress.details
          : [...progress.details, event.detail],
    };
  }
}
