/** The signed-in user. Tokens stay in memory, so a reload requires another sign-in. */

import { signal, type ReadonlySignal } from '@preact/signals';

import type { Config } from '../config.ts';

export type SessionState =
  /** The API needs no sign-in. */
  | { readonly kind: 'open' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'signed_out'; readonly reason: string | null }
  | { readonly kind: 'signed_in'; readonly name: string };

/** What signs people in: `oidc.ts`, loaded only where there is an issuer. */
export interface Provider {
  /** Ends a sign-in whose redirect has just returned; null otherwise. */
  resume(): Promise<Identity | null>;
  /** Leaves the page for the issuer. */
  signIn(): Promise<void>;
  signOut(): Promise<void>;
}

export interface Identity {
  readonly token: string;
  readonly name: string;
  /** The address fragment that the page had when sign-in began. */
  readonly hash: string | null;
}

export interface ProviderEvents {
  /** A token was renewed. */
  readonly onRenewed: (identity: Identity) => void;
  readonly onExpired: () => void;
}

export class Session {
  readonly #state = signal<SessionState>({ kind: 'loading' });
  #token: string | null = null;
  #provider: Provider | null = null;
  /** Called before the page is left for the issuer; an error keeps the page. */
  beforeLeaving: () => void = () => undefined;

  get state(): ReadonlySignal<SessionState> {
    return this.#state;
  }

  /** The bearer token for the API. */
  readonly token = (): string | null => this.#token;

  /** Whether the API can be asked. */
  get isReady(): boolean {
    const { kind } = this.#state.value;
    return kind === 'open' || kind === 'signed_in';
  }

  /** Starts; the fragment to restore after a sign-in. */
  async start(config: Config): Promise<string | null> {
    if (config.issuer === null) {
      this.#state.value = { kind: 'open' };
      return null;
    }
    try {
      const { createProvider } = await import('./oidc.ts');
      this.#provider = createProvider(config, {
        onRenewed: (identity) => this.#accept(identity),
        onExpired: () => this.expire('The sign-in has expired.'),
      });
      const identity = await this.#provider.resume();
      if (identity === null) {
        this.#state.value = { kind: 'signed_out', reason: null };
        return null;
      }
      this.#accept(identity);
      return identity.hash;
    } catch (error) {
      this.#state.value = {
        kind: 'signed_out',
        reason: `Sign-in failed: ${error instanceof Error ? error.message : String(error)}`,
      };
      return null;
    }
  }

  async signIn(): Promise<void> {
    try {
      this.beforeLeaving();
      if (this.#provider === null) throw new Error('the sign-in code cannot be loaded; reload the page');
      await this.#provider.signIn();
    } catch (error) {
      this.#state.value = {
        kind: 'signed_out',
        reason: `Sign-in failed: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
  }

  async signOut(): Promise<void> {
    this.#token = null;
    this.#state.value = { kind: 'signed_out', reason: null };
    await this.#provider?.signOut();
  }

  /** Drops a token that the issuer or the API no longer accepts. */
  expire(reason: string): void {
    if (this.#state.value.kind === 'open') return;
    this.#token = null;
    this.#state.value = { kind: 'signed_out', reason };
  }

  #accept({ token, name }: Identity): void {
    this.#token = token;
    this.#state.value = { kind: 'signed_in', name };
  }
}
