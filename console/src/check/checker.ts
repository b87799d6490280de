/** The page's side of a check: sends edits to the worker, asks for a verdict when typing pauses, ignores outdated ones. */

import { effect, signal, type ReadonlySignal } from '@preact/signals';

import type { Edit } from '../orders/text.ts';
import type { FromWorker, MethodName, Methods, ToWorker, Verdict, Violation } from './protocol.ts';

/** Milliseconds without an edit after which the text is checked; longer for texts that take longer. */
const PAUSE = 120;
const LONG_PAUSE = 200;
const LONG_TEXT = 1_000_000;

/** What a worker is to the checker: tests use another one. */
export interface Port {
  post(message: ToWorker, transfer?: Transferable[]): void;
  onMessage(listener: (message: FromWorker) => void): void;
  onFailure(listener: (reason: string) => void): void;
}

/** The port of a real worker. */
export function workerPort(url: URL): Port {
  const worker = new Worker(url, { type: 'module', name: 'gridbid-check' });
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    onMessage: (listener) => worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => listener(data)),
    onFailure: (listener) =>
      worker.addEventListener('error', ({ message }) => listener(message || 'the worker cannot be loaded')),
  };
}

export type CheckState =
  | { readonly kind: 'empty' }
  | { readonly kind: 'checking'; readonly last: Verdict | null }
  | { readonly kind: 'checked'; readonly verdict: Verdict }
  /** core cannot be loaded, or failed. */
  | { readonly kind: 'broken'; readonly message: string };

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

export class Checker {
  readonly #port: Port;
  readonly #state = signal<CheckState>({ kind: 'empty' });
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #version = 0;
  #length = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #verdict: Verdict | null = null;
  #watched: readonly string[] = [];
  /** The worker is lost: only a new page has another. */
  #isDead = false;

  constructor(port: Port) {
    this.#port = port;
    port.onMessage((message) => this.#receive(message));
    port.onFailure((reason) => this.#die(reason));
  }

  get state(): ReadonlySignal<CheckState> {
    return this.#state;
  }

  /** The version of the text, which every edit increments. */
  get version(): number {
    return this.#version;
  }

  /** Loads core ahead of the first check. */
  load(): void {
    this.call('load', {}).catch((error: unknown) => this.#die(error instanceof Error ? error.message : String(error)));
  }

  replace(text: string): void {
    this.#version += 1;
    this.#length = text.length;
    this.#port.post({ text, version: this.#version });
    this.#schedule(text.trim() === '');
  }

  edit(edits: readonly Edit[], length: number): void {
    this.#version += 1;
    this.#length = length;
    this.#port.post({ edits, version: this.#version });
    this.#schedule(length === 0);
  }

  /** Watches the orders of these ids: verdicts say where they are. */
  watch(recordIds: readonly string[]): void {
    if (recordIds.length === 0 && this.#watched.length === 0) return;
    this.#watched = recordIds;
    if (this.#state.value.kind === 'checked') void this.#check();
  }

  /** The verdict on the text as it is now; null when there is none. */
  async settle(): Promise<Verdict | null> {
    await new Promise<void>((resolve) => {
      let stop: (() => void) | undefined;
      let isSettled = false;
      stop = effect(() => {
        if (this.#state.value.kind === 'checking') return;
        isSettled = true;
        stop?.();
        resolve();
      });
      if (isSettled) stop();
    });
    const state = this.#state.value;
    return state.kind === 'checked' ? state.verdict : null;
  }

  list(offset: number, count: number): Promise<readonly Violation[]> {
    return this.call('list', { version: this.#version, offset, count }).catch(() => []);
  }

  within(from: number, to: number, count: number): Promise<readonly Violation[]> {
    return this.call('within', { version: this.#version, from, to, count }).catch(() => []);
  }

  step(at: number, direction: 1 | -1): Promise<Violation | null> {
    return this.call('step', { version: this.#version, at, direction }).catch(() => null);
  }

  /** Reads a file's content or pasted text, see `readContent`. */
  read(content: ArrayBuffer | string, name: string): Promise<Methods['read']['result']> {
    return this.call('read', { content, name }, typeof content === 'string' ? [] : [content]);
  }

  call<Name extends MethodName>(
    method: Name,
    parameters: Methods[Name]['parameters'],
    transfer: Transferable[] = [],
  ): Promise<Methods[Name]['result']> {
    return new Promise((resolve, reject) => {
      if (this.#isDead) return reject(new Error('the rules cannot run in this browser'));
      const id = this.#nextId;
      this.#nextId += 1;
      this.#pending.set(id, { resolve, reject });
      this.#port.post({ id, method, parameters } as ToWorker, transfer);
    });
  }

  #schedule(isEmpty: boolean): void {
    clearTimeout(this.#timer);
    if (this.#isDead) return;
    if (isEmpty) {
      this.#verdict = null;
      this.#state.value = { kind: 'empty' };
      return;
    }
    this.#state.value = { kind: 'checking', last: this.#verdict };
    this.#timer = setTimeout(() => void this.#check(), this.#length > LONG_TEXT ? LONG_PAUSE : PAUSE);
  }

  async #check(): Promise<void> {
    const [version, watched] = [this.#version, this.#watched];
    try {
      const verdict = await this.call('check', { version, watched });
      if (verdict === null || verdict.version !== this.#version) return;
      if (watched !== this.#watched) return await this.#check();
      this.#verdict = verdict;
      this.#state.value = { kind: 'checked', verdict };
    } catch (error) {
      if (version !== this.#version || this.#isDead) return;
      // Most likely there was no memory for it: a shorter text can be checked.
      this.#state.value = { kind: 'broken', message: error instanceof Error ? error.message : String(error) };
    }
  }

  #receive(message: FromWorker): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (pending === undefined) return;
    if ('error' in message) pending.reject(new Error(message.error));
    else pending.resolve(message.result as never);
  }

  #die(message: string): void {
    this.#isDead = true;
    clearTimeout(this.#timer);
    this.#state.value = { kind: 'broken', message };
    for (const { reject } of this.#pending.values()) reject(new Error(message));
    this.#pending.clear();
  }
}
