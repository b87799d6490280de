/**
 * Structured logs: one JSON line on standard output per invocation, with the field names of the Rust functions.
 *
 * The metric filter of the alarms reads `outcome` at the top level of a line. Lines never contain bodies or secrets. They
 * bypass `console`, to which Lambda's runtime adds a prefix.
 */

/** The result of an invocation, by which alarms and dashboards count. */
export type Outcome = 'ok' | 'refused' | 'fault';

/** The fields of an invocation's log line; undefined ones are omitted. */
export interface InvocationLog {
  outcome: Outcome;
  /** An error's name. */
  error?: string;
  /** An error's message. */
  why?: string;
  /** HTTP status of the response. */
  status?: number;
  /** Code of the first violation. */
  code?: string;
  /** Number of orders in the request. */
  orders?: number;
  /** Number of violations. */
  violations?: number;
}

/** The fields that identify the function. */
export interface Origin {
  readonly function: string;
  readonly version: string;
  readonly environment: string;
}

/** Classifies an HTTP status. */
export function outcomeOf(status: number): Outcome {
  if (status < 400) return 'ok';
  return status < 500 ? 'refused' : 'fault';
}

/** Records an error's name and message. */
export function recordError(log: InvocationLog, error: unknown): void {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  log.error = name;
  log.why = message;
}

/** Writes the line of an invocation. */
export function logInvocation(origin: Origin, requestId: string, log: InvocationLog, durationMs: number): void {
  const { outcome, error, why, status, code, orders, violations } = log;
  const fields = { error, why, status, code, orders, violations, duration_ms: durationMs };
  writeLine('INFO', 'invocation', { ...origin, request_id: requestId, outcome, ...fields });
}

/** Writes the line of a failed start. */
export function logStartFailure(name: string, version: string, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  writeLine('ERROR', 'the function does not start', { function: name, version, outcome: 'fault', why });
}

function writeLine(level: string, message: string, fields: object): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...fields })}\n`);
}
