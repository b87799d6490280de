/** A preview: a request is checked by core's rules for `POST /orders`, and what they say is the answer. */

import { validateOrders } from '@gridbid/core';

import { emptyBody, internal, notBase64, unsupportedMediaType, type Answer } from './answer.js';
import { requestOf } from './request.js';
import type { Notes } from './telemetry.js';

/** What a request is answered; a body that is too large is a violation as any other. */
export function previewed(event: unknown, notes: Notes): Answer {
  const { body, isJson } = requestOf(event);
  if (body.kind === 'empty') return emptyBody();
  if (body.kind === 'not_base64') return notBase64();
  if (!isJson) return unsupportedMediaType();
  try {
    const report = validateOrders(body.content);
    notes.orders = report.orders;
    notes.violations = report.total;
    const [first] = report.violations;
    if (first !== undefined) notes.code = first.code;
    return { status: 200, content: report.toJSON() };
  } catch (error) {
    // The client learns that it is not its fault; the log line learns why.
    notes.error = error instanceof Error ? error.name : 'Error';
    notes.why = error instanceof Error ? error.message : String(error);
    return internal();
  }
}
