/**
 * OIDC authorization code with PKCE.
 *
 * The token is kept in memory. `sessionStorage` holds the PKCE verifier and the state during the redirect, and nothing
 * after it.
 */

import { InMemoryWebStorage, UserManager, WebStorageStateStore, type User } from 'oidc-client-ts';

import type { Config } from '../config.ts';
import type { Identity, Provider, ProviderEvents } from './session.ts';

const PREFIX = 'gridbid.oidc.';

export function createProvider(config: Config, events: ProviderEvents): Provider {
  const page = new URL('.', location.href);
  page.search = '';
  page.hash = '';
  const manager = new UserManager({
    authority: config.issuer ?? '',
    client_id: config.clientId,
    redirect_uri: page.href,
    post_logout_redirect_uri: page.href,
    scope: config.scope,
    extraQueryParams: config.audience === null ? {} : { audience: config.audience },
    response_type: 'code',
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    stateStore: new WebStorageStateStore({ store: sessionStorage, prefix: PREFIX }),
    // Renewal uses a refresh token where the issuer gives one. Hidden frames are not allowed by the page's policy.
    automaticSilentRenew: false,
    monitorSession: false,
    loadUserInfo: false,
  });

  const identify = (user: User): Identity => ({
    token: user.access_token,
    name: user.profile.email ?? user.profile.preferred_username ?? user.profile.name ?? user.profile.sub,
    hash: typeof user.state === 'string' ? user.state : null,
  });

  manager.events.addAccessTokenExpiring(() => {
    void renew();
  });
  manager.events.addAccessTokenExpired(() => {
    void manager.removeUser().then(events.onExpired);
  });

  async function renew(): Promise<void> {
    const user = await manager.getUser();
    if (user?.refresh_token === undefined) return;
    try {
      const renewed = await manager.signinSilent();
      if (renewed !== null) events.onRenewed(identify(renewed));
    } catch {
      // The token is valid until it expires; then the page asks to sign in.
    }
  }

  return {
    async resume() {
      const answer = new URLSearchParams(location.search);
      if (!answer.has('state') || !(answer.has('code') || answer.has('error'))) return null;
      try {
        return identify(await manager.signinRedirectCallback());
      } finally {
        // The code must not stay in the address bar, nor in the history.
        history.replaceState(null, '', page.pathname + location.hash);
      }
    },
    signIn: () => manager.signinRedirect({ state: location.hash }),
    signOut: async () => {
      const endpoint = await manager.metadataService.getEndSessionEndpoint().catch(() => undefined);
      if (endpoint === undefined) await manager.removeUser();
      else await manager.signoutRedirect();
    },
  };
}
