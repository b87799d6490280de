/** The page's configuration: `config.json`, served next to `index.html`. One build serves every environment. */

export interface Config {
  /** The path of the API on this origin: `/api`, or `""` for the root. */
  readonly api: string;
  /** The OIDC issuer that the API trusts, or null where the API is open. */
  readonly issuer: string | null;
  readonly clientId: string;
  /** The scopes that sign-in asks for. */
  readonly scope: string;
  /** The identifier of the API that sign-in asks a token for, where the issuer needs one; null otherwise. */
  readonly audience: string | null;
  /** The environment's name, shown in the header. */
  readonly environment: string;
}

/** The configuration cannot be read: nothing works until the deployment is corrected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads a configuration.
 *
 * @throws {ConfigError} naming the member that is missing or malformed.
 */
export function parseConfig(json: unknown): Config {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ConfigError('config.json must be an object');
  const members = json as Readonly<Record<string, unknown>>;
  const api = text(members, 'api', '');
  if (api !== '' && !/^\/[^/\\].*[^/]$/.test(api)) throw new ConfigError('`api` must be "" or a path such as "/api"');
  const issuer = isAbsent(members['issuer']) ? null : text(members, 'issuer');
  if (issuer !== null && !/^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost)(:|\/|$)/.test(issuer)) {
    throw new ConfigError('`issuer` must be an https URL or null');
  }
  const clientId = issuer === null ? '' : text(members, 'client_id');
  return {
    api,
    issuer,
    clientId,
    scope: text(members, 'scope', 'openid'),
    audience: isAbsent(members['audience']) ? null : text(members, 'audience'),
    environment: text(members, 'environment', 'local'),
  };
}

function isAbsent(member: unknown): boolean {
  return member === null || member === undefined;
}

function text(members: Readonly<Record<string, unknown>>, name: string, otherwise?: string): string {
  const value = members[name] ?? otherwise;
  if (typeof value !== 'string') throw new ConfigError(`\`${name}\` must be a string`);
  return value;
}

/** Fetches the configuration of this deployment. */
export async function fetchConfig(): Promise<Config> {
  const response = await fetch('config.json', { cache: 'no-cache' });
  if (!response.ok) throw new ConfigError(`config.json: HTTP ${response.status}`);
  return parseConfig(await response.json());
}
