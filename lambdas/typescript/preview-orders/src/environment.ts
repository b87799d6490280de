/** Configuration from the environment: every name that is missing is told at once, and values never are. */

/** The environment is not complete. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * What the function is started with. An empty value counts as absent, because Terraform cannot unset a variable
 * conditionally.
 *
 * @throws {EnvironmentError} with all that is missing.
 */
export function environmentOf(variables: Readonly<Record<string, string | undefined>>): { environment: string } {
  const missing: string[] = [];
  const required = (name: string): string => {
    const value = variables[name] ?? '';
    if (value === '') missing.push(`${name} is missing`);
    return value;
  };
  const read = { environment: required('GRIDBID_ENVIRONMENT') };
  if (missing.length > 0) throw new EnvironmentError(`the environment is not complete: ${missing.join(', ')}`);
  return read;
}
