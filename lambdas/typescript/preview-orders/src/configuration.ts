/** Configuration from the environment. */

/** Variables are missing. The message lists all of them, and no values. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/**
 * Reads the configuration. An empty variable counts as missing, because Terraform cannot unset one conditionally.
 *
 * @throws {ConfigurationError} when variables are missing.
 */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): { environment: string } {
  const missing: string[] = [];
  const required = (name: string): string => {
    const value = variables[name] ?? '';
    if (value === '') missing.push(`${name} is missing`);
    return value;
  };
  const configuration = { environment: required('GRIDBID_ENVIRONMENT') };
  if (missing.length > 0) throw new ConfigurationError(`the environment is not complete: ${missing.join(', ')}`);
  return configuration;
}
