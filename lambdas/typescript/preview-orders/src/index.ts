/**
 * The Lambda function preview-orders: `POST /orders/preview` reports what `POST /orders` would reject, and stores nothing.
 *
 * It handles events of API Gateway's HTTP API (payload format 2.0) and writes one log line for each. Configuration is read
 * once, and the function does not start without it. All rules are core's.
 */

import { readEnvironment } from './configuration.js';
import { previewOrders } from './preview.js';
import { toResponse } from './response.js';
import { logInvocation, logStartFailure, outcomeOf, recordError, type InvocationLog } from './telemetry.js';

/** The package's version, defined by the build. */
declare const VERSION: string;

const NAME = 'preview-orders';

/** The part of Lambda's context that is used. */
interface Context {
  readonly awsRequestId: string;
}

const { environment } = configure();

function configure(): { environment: string } {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    logStartFailure(NAME, VERSION, error);
    throw error;
  }
}

/** Handles one event. */
export async function handler(event: unknown, context: Context): Promise<object> {
  const start = performance.now();
  const log: InvocationLog = { outcome: 'ok' };
  try {
    if (isProbe(event)) return { probe: 'gridbid', function: NAME, version: VERSION };
    const response = previewOrders(event, log);
    log.status = response.status;
    log.outcome = outcomeOf(response.status);
    return toResponse(response);
  } catch (error) {
    log.outcome = 'fault';
    recordError(log, error);
    throw error;
  } finally {
    const durationMs = Math.floor(performance.now() - start);
    logInvocation({ function: NAME, version: VERSION, environment }, context.awsRequestId, log, durationMs);
  }
}

/** Whether this is the event with which a deployment checks that the function starts, and its version. */
function isProbe(event: unknown): boolean {
  if (typeof event !== 'object' || event === null || Object.keys(event).length !== 1) return false;
  return 'probe' in event && event.probe === 'gridbid';
}
