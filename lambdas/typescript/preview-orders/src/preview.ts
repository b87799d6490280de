/** Checks a request by core's rules for `POST /orders`. */

import { validateOrders } from '@gridbid/core';

import { parseRequest } from './request.js';
import {
  emptyBody,
  internal,
  notBase64,
  notUtf8,
  unsupportedContentEncoding,
  unsupportedMediaType,
  type HttpResponse,
} from './response.js';
import { recordError, type InvocationLog } from './telemetry.js';

// Compiles core while the function starts, when Lambda gives it a whole processor.
validateOrders('');

/**
 * Returns the response to an event. A body that is too large is a violation like any other.
 *
 * @throws {ContractBroken} for an event of another route or format.
 */
export function previewOrders(event: unknown, log: InvocationLog): HttpResponse {
  const { body, contentEncoding, isJson } = parseRequest(event);
  if (body.kind === 'empty') return emptyBody();
  if (contentEncoding !== undefined) return unsupportedContentEncoding(contentEncoding);
  if (!isJson) return unsupportedMediaType();
  if (body.kind === 'not_base64') return notBase64();
  if (body.kind === 'not_utf8') return notUtf8();
  try {
    const report = validateOrders(body.content);
    log.orders = report.orders;
    log.violations = report.total;
    const [first] = report.violations;
    if (first !== undefined) log.code = first.code;
    return { status: 200, content: report.toJSON() };
  } catch (error) {
    // The client gets a generic 500; the log line records the cause.
    recordError(log, error);
    return internal();
  }
}
