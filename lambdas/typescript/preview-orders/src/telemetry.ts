/**
 * Logs: JSON on standard output, one line for each invocation, with the names that the Rust functions use.
 *
 * The alarms' metric filter reads `outcome` at the top of a line. Lines never hold bodies or secrets. They are written
 * past `console`, which Lambda's runtime puts words of its own in front of.
 */

/** How an invocation ended, as alarms and dashboards count it. */
export type Outcome = 'ok' | 'refused' | 'fault';

/** What is noted for an invocation's line; what is not noted does not appear. */
export interface Notes {
  outcome: Outcome;
  /** An error's name, and what it says. */
  error?: string;
  why?: string;
  /** The HTTP status that was answered. */
  status?: number;
  /** The code of the first violation. */
  code?: string;
  /** How many orders there were in the request. */
  orders?: number;
  /** How many violations were found. */
  violations?: number;
}

/** The function that writes lines, and where it runs. */
export interface Origin {
  readonly function: string;
  readonly version: string;
  readonly environment: string;
}

/** Writes the line of an invocation. */
export function logInvocation(origin: Origin, requestId: string, notes: Notes, durationMs: number): void {
  const { outcome, error, why, status, code, orders, violations } = notes;
  const told = { error, why, status, code, orders, violations, duration_ms: durationMs };
  line('INFO', 'invocation', { ...origin, request_id: requestId, outcome, ...told });
}

/** Writes the line of a function that does not start. */
export function logNotStarted(name: string, version: string, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  line('ERROR', 'the function does not start', { function: name, version, outcome: 'fault', why });
}

function line(level: string, message: string, fields: object): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...fields })}\n`);
}
