/**
 * The Lambda function preview-orders: `POST /orders/preview` says what `POST /orders` would find wrong, and stores nothing.
 *
 * Called by API Gateway's HTTP API (payload format 2.0). Configuration is read once; without it the function does not
 * start. Each event ends in one log line. What an order is, is decided by core; this file is the glue.
 */

import { answerOf } from './answer.js';
import { environmentOf } from './environment.js';
import { previewed } from './preview.js';
import { logInvocation, logNotStarted, type Notes } from './telemetry.js';

/** The package's version, which the build puts in. */
declare const VERSION: string;

const NAME = 'preview-orders';

/** What is used of Lambda's context. */
interface Context {
  readonly awsRequestId: string;
}

const { environment } = started();

function started(): { environment: string } {
  try {
    return environmentOf(process.env);
  } catch (error) {
    logNotStarted(NAME, VERSION, error);
    throw error;
  }
}

/** Answers one event. */
export async function handler(event: unknown, context: Context): Promise<object> {
  const began = performance.now();
  const notes: Notes = { outcome: 'ok' };
  try {
    if (isProbe(event)) return { probe: 'gridbid', function: NAME, version: VERSION };
    return answerOf(previewed(event, notes), notes);
  } catch (error) {
    notes.outcome = 'fault';
    notes.error = error instanceof Error ? error.name : 'Error';
    notes.why = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    const duration = Math.floor(performance.now() - began);
    logInvocation({ function: NAME, version: VERSION, environment }, context.awsRequestId, notes, duration);
  }
}

/** Whether this is the event by which deployments see that the function starts, and which version it is. */
function isProbe(event: unknown): boolean {
  if (typeof event !== 'object' || event === null || Object.keys(event).length !== 1) return false;
  return 'probe' in event && event.probe === 'gridbid';
}
