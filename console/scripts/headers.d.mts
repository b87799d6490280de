export function securityHeaders(issuer: string | null): Record<string, string>;
