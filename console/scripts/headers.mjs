// The headers that every server of the page must send with every file: a worker's policy comes from the worker's file.

/**
 * @param {string | null} issuer the OIDC issuer of the page's configuration
 * @returns {Record<string, string>}
 */
export function securityHeaders(issuer) {
  const origin = issuer === null ? '' : ` ${new URL(issuer).origin}`;
  return {
    'content-security-policy': [
      "default-src 'self'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "style-src 'self'",
      `connect-src 'self'${origin}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "object-src 'none'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=63072000; includeSubDomains',
    'x-content-type-options': 'nosniff',
  };
}
